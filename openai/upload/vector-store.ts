import { APIError, type OpenAI } from 'openai';
import { z } from 'zod';
import { classifyError } from '../classify';
import { createClient, originOf, type ProviderSettings } from '../settings';

const DAY_SECONDS = 86_400;
/** Longest life that the API gives a file. */
const FILE_DAYS = 30;
/** Uploads cost nothing to repeat, and a copy expires by itself. */
const MAX_RETRIES = 3;
const CALL_TIMEOUT_MS = 60_000;
const UPLOAD_TIMEOUT_MS = 10 * 60_000;
const PAGE_SIZE = 100;

const idSchema = z.looseObject({ id: z.string().min(1) });
const storeSchema = z.looseObject({ id: z.string(), status: z.string(), expires_at: z.number().nullish() });
const memberSchema = z.looseObject({
  id: z.string(),
  status: z.enum(['in_progress', 'completed', 'failed', 'cancelled']),
  last_error: z.looseObject({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullish(),
});
const membersSchema = z.looseObject({ data: z.array(memberSchema), has_more: z.boolean().nullish() });

/** A file in a vector store. */
export type Member = z.infer<typeof memberSchema>;

/**
 * Files and vector stores of a provider.
 * Every method throws a classified `ProviderError` that says what was tried.
 */
export class VectorStores {
  private readonly client: OpenAI;
  private readonly origin: string;

  constructor(settings: ProviderSettings) {
    this.client = createClient(settings).withOptions({ maxRetries: MAX_RETRIES, timeout: CALL_TIMEOUT_MS });
    this.origin = originOf(settings);
  }

  async create(options: { name: string; expiresAfterDays: number }): Promise<string> {
    return this.call('create a vector store', async () => {
      const body = {
        name: options.name,
        expires_after: { anchor: 'last_active_at', days: options.expiresAfterDays },
      } as const;
      return idSchema.parse(await this.client.vectorStores.create(body)).id;
    });
  }

  /** Seconds until a vector store expires unless it is used; 0 where it is gone, Infinity where it never does. */
  async secondsLeft(id: string): Promise<number> {
    return this.call(`read vector store ${id}`, async () => {
      const answer = await orUndefined(() => this.client.vectorStores.retrieve(id));
      if (answer === undefined) return 0;
      const { status, expires_at: expiresAt } = storeSchema.parse(answer);
      if (status === 'expired') return 0;
      return expiresAt ? expiresAt - Date.now() / 1_000 : Infinity;
    });
  }

  /** Every file of a vector store. */
  async members(id: string): Promise<Member[]> {
    return this.call(`list the files of vector store ${id}`, async () => {
      const members: Member[] = [];
      const path = `/vector_stores/${encodeURIComponent(id)}/files`;
      for (let after: string | undefined; ; after = members.at(-1)?.id) {
        const query = { limit: PAGE_SIZE, order: 'asc', ...(after !== undefined && { after }) };
        const page = membersSchema.parse(await this.client.get(path, { query }));
        members.push(...page.data);
        if (page.has_more !== true || page.data.length === 0) return members;
      }
    });
  }

  async upload(wireName: string, content: Buffer<ArrayBuffer>): Promise<string> {
    return this.call(`upload ${wireName}`, async () => {
      // A form of our own: the SDK's cuts a name down to what follows its last slash.
      const body = new FormData();
      body.append('purpose', 'assistants');
      body.append('expires_after[anchor]', 'created_at');
      body.append('expires_after[seconds]', String(FILE_DAYS * DAY_SECONDS));
      body.append('file', new Blob([content]), wireName);
      return idSchema.parse(await this.client.post('/files', { body, timeout: UPLOAD_TIMEOUT_MS })).id;
    });
  }

  /** False where the provider does not know the file any more. */
  async attach(id: string, fileId: string, attributes: Record<string, string>): Promise<boolean> {
    return this.call(`add file ${fileId} to vector store ${id}`, async () => {
      const body = { file_id: fileId, attributes };
      return (await orUndefined(() => this.client.vectorStores.files.create(id, body))) !== undefined;
    });
  }

  async detach(id: string, fileId: string): Promise<void> {
    await this.call(`remove file ${fileId} from vector store ${id}`, () =>
      orUndefined(() => this.client.vectorStores.files.delete(fileId, { vector_store_id: id })),
    );
  }

  private async call<T>(action: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw classifyError(error, 'read', { action, origin: this.origin });
    }
  }
}

/** Days for which a file surely is in its vector store after it was uploaded at a time in milliseconds since 1970. */
export function fileDaysLeft(uploadedAt: number): number {
  return FILE_DAYS - (Date.now() - uploadedAt) / 1_000 / DAY_SECONDS;
}

async function orUndefined<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof APIError && error.status === 404) return undefined;
    throw error;
  }
}
