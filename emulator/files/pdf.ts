import { Worker } from 'node:worker_threads';
import { z } from 'zod';

const TIMEOUT_MS = 60_000;

/**
 * PDFs are parsed in a thread of their own, so that a file which hangs or crashes the parser takes down neither the
 * server nor its event loop. The program is a string because it must be plain JavaScript wherever this module runs
 * from: compiled, or from its TypeScript source in a test.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { extractText, getDocumentProxy } = require(workerData.library);
getDocumentProxy(workerData.bytes)
  .then((document) => extractText(document, { mergePages: false }))
  .then(({ text }) => parentPort.postMessage({ pages: text }), (error) => parentPort.postMessage({ error: String(error.message) }));
`;

const answerSchema = z.union([z.object({ pages: z.array(z.string()) }), z.object({ error: z.string() })]);

/** The text of a PDF, pages separated by blank lines. Rejects when it cannot be read within a minute. */
export async function pdfToText(bytes: Buffer): Promise<string> {
  const worker = new Worker(PROGRAM, {
    eval: true,
    workerData: { library: require.resolve('unpdf'), bytes: new Uint8Array(bytes) },
    resourceLimits: { maxOldGenerationSizeMb: 512 },
    stdout: true,
    stderr: true,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const message = await new Promise<unknown>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the parser ended with code ${code}`)));
      timer = setTimeout(() => reject(new Error(`it took longer than ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
    });
    const answer = answerSchema.parse(message);
    if ('error' in answer) throw new Error(answer.error);
    return answer.pages.map(markHeadings).join('\n\n');
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

/** Joins hyphenated lines, and marks short lines that stand before a sentence as headings. */
function markHeadings(page: string): string {
  const lines = page.replace(/(\p{Ll})-\n(\p{Ll})/gu, '$1$2').split('\n');
  return lines
    .map((line, index) => {
      const before = lines[index - 1]?.trim() ?? '';
      const after = lines[index + 1]?.trim() ?? '';
      const stands = before === '' || /[.!?:]$/.test(before);
      const isShort = /^\p{Lu}.{1,58}[^.!?:,;]$/u.test(line.trim());
      return stands && isShort && /^\p{Lu}/u.test(after) ? `\n## ${line.trim()}\n` : line;
    })
    .join('\n');
}
