import { z } from 'zod';
import { type FailureType } from '../contract/failures';
import { type StreamEvent } from './events';
import { type Item, itemSchema } from './item';

export { type Item, itemSchema } from './item';

/** States after which a response no longer changes. */
const TERMINAL_STATUSES = ['completed', 'failed', 'incomplete', 'cancelled'] as const;

/** True for a response that no longer changes. */
export function isTerminal(status: string): boolean {
  return TERMINAL_STATUSES.some((terminal) => terminal === status);
}

const tokenCount = z.number().nullish();

/** The fields of a response that the engine reads; everything else the provider sends is let through and ignored. */
export const providerResponseSchema = z.looseObject({
  id: z.string().min(1),
  status: z.string(),
  model: z.string(),
  output: z.array(itemSchema),
  completed_at: z.number().nullish(),
  error: z.looseObject({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  incomplete_details: z.looseObject({ reason: z.string().nullish() }).nullish(),
  usage: z
    .looseObject({
      input_tokens: tokenCount,
      input_tokens_details: z.looseObject({ cached_tokens: tokenCount, cache_write_tokens: tokenCount }).nullish(),
      output_tokens: tokenCount,
      output_tokens_details: z.looseObject({ reasoning_tokens: tokenCount }).nullish(),
    })
    .nullish(),
  tool_usage: z.looseObject({ web_search: z.looseObject({ num_requests: z.number().nullish() }).nullish() }).nullish(),
});
export type ProviderResponse = z.infer<typeof providerResponseSchema>;

/** Body of a create, built by `buildRequest`. */
export type CreateBody = { model: string; input: Item[] } & Record<string, unknown>;

/** From where a stream is followed, and how long. */
export interface FollowOptions {
  /** Sequence number of the last event that is known. */
  startingAfter?: number;
  signal: AbortSignal;
}

/** How a create with `stream: true` is read. */
export interface Reading {
  /** Closes the connection, which ends a response that runs in the foreground, and no other. */
  signal?: AbortSignal;
  /** The response runs in the foreground: from now on its stream is read to its end. */
  onForeground?: (responseId: string) => void;
  /** Told about every event of a response that runs in the foreground. */
  onEvent?: (event: StreamEvent) => void;
}

/**
 * What the engine needs from a provider. Every method throws a {@link ProviderError} whose `type` is the retry decision;
 * none of them retries by itself, since a retried create is a second bill.
 */
export interface Provider {
  /** Base URL and organisation, or the name given in the configuration; recorded in every run. */
  readonly origin: string;
  /**
   * Throws `HeldBack` while a limit of the model is used up, as the headers of earlier answers tell. To be asked before a
   * create is made ready; `again` by one that comes back from its wait. `createResponse` throws it too, and sends nothing.
   */
  assertRoom(model: string, again: boolean): void;
  /**
   * Creates a response. Never aborted by a cancel: once sent, its answer is waited for up to `timeoutMs`. A body with
   * `stream: true` whose response runs in the foreground after all is read to its end, by `reading`.
   */
  createResponse(body: CreateBody, timeoutMs: number, reading?: Reading): Promise<ProviderResponse>;
  /**
   * Events of a background response that was created with `stream: true`, those after `startingAfter` or all, as they
   * come. It ends with the connection; only an event of an end tells that the response has ended.
   */
  followResponse(responseId: string, options: FollowOptions): AsyncIterable<StreamEvent>;
  retrieveResponse(responseId: string): Promise<ProviderResponse>;
  /** Asks for a cancel; a response that had already ended is returned as it is. */
  cancelResponse(responseId: string): Promise<ProviderResponse>;
  /**
   * Deletes a response that has ended, with its input and output items; what a conversation took over stays there. One
   * that the provider does not know is `ResponseLost`.
   */
  deleteResponse(responseId: string): Promise<void>;
  /** Every input item of a response, oldest first. */
  inputItems(responseId: string): Promise<Item[]>;
  createConversation(): Promise<string>;
  /** The newest items of a conversation, newest first. */
  newestConversationItems(conversationId: string, limit: number): Promise<Item[]>;
}

export interface ProviderErrorOptions extends ErrorOptions {
  refusedMode?: boolean;
  /** The message without what the provider said. Default: the message. */
  unquoted?: string;
}

/** A call to the provider that failed, already classified. */
export class ProviderError extends Error {
  /** True for a create that may have been refused for how it was to run, and not for what it says. */
  readonly refusedMode: boolean;
  /** The message without what the provider said, which may quote the text of an input or an output. */
  readonly unquoted: string;

  constructor(
    readonly type: FailureType,
    message: string,
    /** What the provider asks us to wait, bounded; undefined where it asks nothing. */
    readonly retryAfterMs?: number,
    options?: ProviderErrorOptions,
  ) {
    super(message, options);
    this.refusedMode = options?.refusedMode ?? false;
    this.unquoted = options?.unquoted ?? message;
    this.name = 'ProviderError';
  }
}
