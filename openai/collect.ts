import { MAX_INLINE_JSON_BYTES } from '../contract/activities';
import { type Collected, collectedSchema, type Failure } from '../contract/outcome';
import { PREVIEW_CHARS } from '../contract/progress';
import { type HostedCalls, type Usage } from '../contract/usage';
import { callsOf, callsProblem, countCalls } from './calls';
import { citationsOf } from './citations';
import { clean } from './clean';
import { failureOf } from './failure-of';
import { formatReader, type FormatResult } from './format';
import { type Item, type ProviderResponse } from './port';
import { outputText, refusalOf, structuredText } from './text';

/** What the caller wants of a terminal response. */
type CollectOptions = {
  stepId: string;
  /** JSON schema that the output must match. */
  format?: Record<string, unknown>;
  /** Leaves out everything that holds or quotes text of the output. */
  redact?: boolean;
  /** The step has tools of its own: calls of them are told, and are as good as text. */
  calls?: boolean;
};

/**
 * A terminal response as workflows see it. A completed response whose output cannot be used (empty, refused, not of the
 * `format`) carries a `failure`, so that it never becomes an empty answer. An incomplete one keeps what text it has.
 * JSON over 64 KB is left out of `json`; it is still in the output.
 * @throws for a response that has not ended.
 */
export function collect(response: ProviderResponse, options: CollectOptions): Collected {
  const status = collectedSchema.shape.status.safeParse(response.status);
  if (!status.success) throw new Error(`response ${response.id} has not ended: its status is ${response.status}`);
  const { redact = false } = options;
  const text = outputText(response.output);
  const misasked = options.calls ? callsProblem(response.output) : undefined;
  const calls = options.calls && misasked === undefined ? callsOf(response.output, redact) : [];
  const structured =
    options.format && status.data === 'completed' && calls.length === 0
      ? formatReader(options.format)(structuredText(response.output))
      : undefined;
  const failure =
    failureOf(response, redact) ??
    (status.data === 'completed' && calls.length === 0
      ? unusable(response, { text, structured, redact, misasked })
      : undefined);
  const json = !redact && failure === undefined && structured && 'json' in structured ? structured.json : undefined;
  return {
    responseId: response.id,
    status: status.data,
    model: response.model,
    ...(failure && { failure }),
    ...(response.usage && { usage: usageOf(response.usage) }),
    hostedCalls: hostedCallsOf(response),
    preview: redact ? '' : previewOf(text),
    textBytes: text.trim() === '' ? 0 : Buffer.byteLength(text),
    ...(json !== undefined && fits(json) && { json }),
    ...(options.calls && { calls, toolCalls: countCalls(response.output) }),
    citations: redact ? [] : citationsOf(response.output, options.stepId),
    ...(response.completed_at && { completedAt: response.completed_at * 1000 }),
  };
}

type Read = { text: string; structured: FormatResult | undefined; redact: boolean; misasked: string | undefined };

function unusable({ id, output }: ProviderResponse, { text, structured, redact, misasked }: Read): Failure | undefined {
  if (misasked !== undefined) return { type: 'ResponseFailed', message: `response ${id}: ${misasked}` };
  const refusal = refusalOf(output);
  if (refusal !== undefined) {
    const words = redact ? '' : `: ${clean(refusal)}`;
    return { type: 'ContentRefused', message: `response ${id}: the model refused${words}` };
  }
  if (text.trim() === '') return { type: 'ResponseFailed', message: `response ${id} completed with empty output` };
  if (structured && 'problem' in structured) {
    const { problem, unquoted } = structured;
    return { type: 'ResponseFailed', message: `response ${id}: ${redact ? unquoted : problem}` };
  }
  return undefined;
}

function usageOf(usage: NonNullable<ProviderResponse['usage']>): Usage {
  return {
    input: count(usage.input_tokens),
    cached: count(usage.input_tokens_details?.cached_tokens),
    cacheWrite: count(usage.input_tokens_details?.cache_write_tokens),
    output: count(usage.output_tokens),
    reasoning: count(usage.output_tokens_details?.reasoning_tokens),
  };
}

function count(value: number | null | undefined): number {
  return Math.max(0, Math.trunc(value ?? 0));
}

/** Billable calls: searches (page opens cost nothing), file searches, and containers, which are billed by session. */
function hostedCallsOf({ output, tool_usage: toolUsage }: ProviderResponse): HostedCalls {
  const ofType = (type: string): Item[] => output.filter((item) => item.type === type);
  const calls = {
    web_search: count(toolUsage?.web_search?.num_requests ?? ofType('web_search_call').filter(isSearch).length),
    file_search: ofType('file_search_call').length,
    code_interpreter: new Set(ofType('code_interpreter_call').map((item) => item['container_id'])).size,
  };
  return Object.fromEntries(Object.entries(calls).filter(([, times]) => times > 0));
}

function isSearch({ action }: Item): boolean {
  if (action === null || typeof action !== 'object') return true;
  const type: unknown = Reflect.get(action, 'type');
  return type === undefined || type === 'search';
}

/** One line, never half a character. */
function previewOf(text: string): string {
  const line = text
    .slice(0, PREVIEW_CHARS * 4)
    .replace(/\s+/g, ' ')
    .trim();
  return line.slice(0, PREVIEW_CHARS).replace(/[\uD800-\uDBFF]$/, '');
}

function fits(json: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(json)) <= MAX_INLINE_JSON_BYTES;
}
