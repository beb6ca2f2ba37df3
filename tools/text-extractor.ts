import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { startDeadline } from './deadline';
import { EXTRACTOR_PROGRAM } from './text-extractor-program';

/** What can be read out of a document. Texts of a PDF are its pages; of others there is one. */
export type Extracted = z.infer<typeof extractedSchema>;

/** A document, and how to read it. `article` is a page's own text without what stands around it. */
export type Document =
  { kind: 'html'; html: string; url?: string; article?: boolean } | { kind: 'pdf'; bytes: Uint8Array };

const extractedSchema = z.object({
  title: z.string(),
  texts: z.array(z.string()),
  links: z.array(z.object({ text: z.string(), url: z.string() })),
});
const answerSchema = z.union([extractedSchema, z.object({ error: z.string() })]);

/** Thrown when a document cannot be read; the message says why. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

const MAX_HEAP_MB = 256;

/**
 * Reads documents in a thread of its own, one after the other: a document that hangs or crashes a parser ends that thread
 * alone, and holds up neither other activities of the worker nor its heartbeats. `close` ends the thread.
 */
export class TextExtractor {
  private thread: Worker | undefined;

  /** @throws UnreadableError also when it takes longer than `timeoutMs`; the signal's reason when that aborts. */
  async extract(document: Document, timeoutMs: number, signal: AbortSignal): Promise<Extracted> {
    signal.throwIfAborted();
    const thread = (this.thread ??= this.start());
    const deadline = startDeadline(timeoutMs, signal);
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      thread.postMessage(document);
      const [message] = (await once(thread, 'message', { signal: deadline.signal })) as unknown[];
      const answer = answerSchema.parse(message);
      if (!('error' in answer)) return answer;
      throw new UnreadableError(answer.error);
    } catch (error) {
      if (error instanceof UnreadableError) throw error;
      await this.close();
      signal.throwIfAborted();
      if (deadline.isOver()) throw new UnreadableError(`it takes longer than ${timeoutMs / 1000} s to read`);
      throw new UnreadableError('it is too large or too strange to be read', { cause: error });
    } finally {
      deadline.clear();
    }
  }

  async close(): Promise<void> {
    const thread = this.thread;
    this.thread = undefined;
    await thread?.terminate();
  }

  private start(): Worker {
    const thread = startThread();
    // A thread that fails between two documents is replaced; nobody else would listen to it.
    thread.on('error', () => {
      if (this.thread === thread) this.thread = undefined;
    });
    return thread;
  }
}

function startThread(): Worker {
  const libraries = {
    dom: require.resolve('linkedom'),
    readability: require.resolve('@mozilla/readability'),
    htmlToText: require.resolve('html-to-text'),
    pdf: require.resolve('unpdf'),
  };
  return new Worker(EXTRACTOR_PROGRAM, {
    eval: true,
    workerData: libraries,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    stdout: true,
    stderr: true,
  });
}
