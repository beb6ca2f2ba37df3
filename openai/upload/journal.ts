import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const startSchema = z.strictObject({ vectorStoreId: z.string(), createdAt: z.number() });
const fileSchema = z.strictObject({ sha256: z.string(), fileId: z.string() });

/** What was uploaded of one folder content: its vector store, and the file id of each content. */
export type Uploaded = z.infer<typeof startSchema> & { fileIds: Map<string, string> };

/**
 * What is uploaded already, one JSON line for each fact, written as soon as the provider has confirmed it: a process
 * that is killed leaves a journal by which the next one goes on. A line that broke off is passed over.
 */
export class UploadJournal {
  constructor(private readonly path: string) {}

  /** Undefined where nothing was uploaded. */
  async read(): Promise<Uploaded | undefined> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const lines = text.split('\n').map(parseLine);
    const start = startSchema.safeParse(lines.find((line) => startSchema.safeParse(line).success));
    if (!start.success) return undefined;
    const files = lines.flatMap((line) => {
      const parsed = fileSchema.safeParse(line);
      return parsed.success ? [[parsed.data.sha256, parsed.data.fileId] as const] : [];
    });
    return { ...start.data, fileIds: new Map(files) };
  }

  /** Begins anew with a vector store. */
  async start(vectorStoreId: string): Promise<Uploaded> {
    const start = { vectorStoreId, createdAt: Date.now() };
    await mkdir(dirname(this.path), { recursive: true });
    await writeFile(this.path, `${JSON.stringify(start)}\n`, { mode: 0o600 });
    return { ...start, fileIds: new Map() };
  }

  async addFile(sha256: string, fileId: string): Promise<void> {
    // The line before may have broken off without its end.
    await appendFile(this.path, `\n${JSON.stringify({ sha256, fileId })}\n`);
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Empty, or broken off by a kill.
    return undefined;
  }
}
