import { z } from 'zod';
import { type FailureType } from '../contract/failures';

/** An item of `output` or `input`, as the API has it. Only its `type` is known to every item. */
export const itemSchema = z.looseObject({ type: z.string() });
export type Item = z.infer<typeof itemSchema>;

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

/**
 * What the engine needs from a provider. Every method throws a {@link ProviderError} whose `type` is the retry decision;
 * none of them retries by itself, since a retried create is a second bill.
 */
export interface Provider {
  /** Base URL and organisation, or the name given in the configuration; recorded in every run. */
  readonly origin: string;
  /** Creates a background response. Never aborted by a cancel: once sent, its answer is waited for up to `timeoutMs`. */
  createResponse(body: CreateBody, timeoutMs: number): Promise<ProviderResponse>;
  retrieveResponse(responseId: string): Promise<ProviderResponse>;
  /** Asks for a cancel; a response that had already ended is returned as it is. */
  cancelResponse(responseId: string): Promise<ProviderResponse>;
  /** Every input item of a response, oldest first. */
  inputItems(responseId: string): Promise<Item[]>;
  createConversation(): Promise<string>;
  /** The newest items of a conversation, newest first. */
  newestConversationItems(conversationId: string, limit: number): Promise<Item[]>;
}

/** A call to the provider that failed, already classified. */
export class ProviderError extends Error {
  constructor(
    readonly type: FailureType,
    message: string,
    /** What the provider asks us to wait, bounded; undefined where it asks nothing. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ProviderError';
  }
}
