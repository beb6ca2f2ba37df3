import { withIdentity } from '../identity';
import { asksForReasoning } from './output';
import { endsForGoodAt, isOpen, statusAt, type Item, type ResponseRecord, type ResponseStatus } from './record';
import type { Includable } from './include';
import { shownItems, toolUsageOf } from './shown';

/** Models that show themselves the reasoning of all turns, unless they are told otherwise. */
const ALL_TURNS_MODEL = /^gpt-(?:5\.[6-9]|[6-9])/;

const seconds = (ms: number): number => Math.floor(ms / 1000);

/**
 * The response object as the API would show it at an instant; every field of the live wire is present. `include` is what
 * a retrieve asks for besides what the create asked for.
 */
export function responseAt(
  record: ResponseRecord,
  output: readonly Item[],
  now: number,
  include: readonly Includable[] = [],
): Record<string, unknown> {
  const { request, ending } = record;
  const status = statusAt(record, now);
  const open = isOpen(status);
  const ended = endsForGoodAt(record);
  const shown = shownOutput(record, outputAt(record, output, status), include);
  return {
    id: record.id,
    object: 'response',
    created_at: seconds(record.createdAt),
    status,
    background: request.background ?? false,
    ...(open ? {} : { billing: { payer: 'developer' } }),
    completed_at: status === 'completed' && ended !== null ? seconds(ended) : null,
    conversation: record.conversationId === null ? null : { id: record.conversationId },
    error: status === 'failed' && ending.status === 'failed' ? { code: ending.code, message: ending.message } : null,
    frequency_penalty: request.frequency_penalty ?? 0,
    incomplete_details: status === 'incomplete' && ending.status === 'incomplete' ? { reason: ending.reason } : null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    model: request.model,
    moderation: null,
    output: shown,
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    presence_penalty: request.presence_penalty ?? 0,
    previous_response_id: request.previous_response_id ?? null,
    prompt: request.prompt ?? null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    ...(request.prompt_cache_options === undefined ? {} : { prompt_cache_options: request.prompt_cache_options }),
    prompt_cache_retention: request.prompt_cache_retention?.replace('-', '_') ?? null,
    reasoning: reasoningOf(request),
    safety_identifier: request.safety_identifier ?? null,
    service_tier: tierAt(request.service_tier ?? 'auto', open),
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: { format: request.text?.format ?? { type: 'text' }, verbosity: request.text?.verbosity ?? 'medium' },
    tool_choice: request.tool_choice ?? 'auto',
    tool_usage: toolUsageOf(shown),
    tools: request.tools ?? [],
    top_logprobs: request.top_logprobs ?? 0,
    top_p: request.top_p ?? 1,
    truncation: request.truncation ?? 'disabled',
    usage: showsOutput(status) && record.quirks?.usageNull !== true ? record.usage : null,
    user: request.user ?? null,
    metadata: withIdentity(request.metadata ?? {}),
  };
}

/** Output items as a client sees them. `include` is what it asks for besides what the create asked for. */
export function shownOutput(
  { request }: ResponseRecord,
  items: readonly Item[],
  include: readonly Includable[],
): readonly Item[] {
  // A fetch never has encrypted reasoning, whatever the create asked for.
  const asked = (request.include ?? []).filter((name) => name !== 'reasoning.encrypted_content');
  return shownItems(items, [...asked, ...include]);
}

/** `auto` is resolved when the response ends. */
function tierAt(requested: string, open: boolean): string {
  return requested === 'auto' && !open ? 'default' : requested;
}

/** What the request's `reasoning` came to: a model that does not reason has nothing to say of it. */
function reasoningOf(request: ResponseRecord['request']): Record<string, unknown> {
  const { effort, summary, context, mode } = request.reasoning ?? {};
  if (!asksForReasoning(request)) return { effort: effort ?? null, summary: summary ?? null };
  const family = ALL_TURNS_MODEL.test(request.model) ? 'all_turns' : 'current_turn';
  return {
    effort: effort ?? 'medium',
    summary: summary ?? null,
    context: (context ?? 'auto') === 'auto' ? family : context,
    mode: mode ?? 'standard',
  };
}

function outputAt(record: ResponseRecord, output: readonly Item[], status: ResponseStatus): readonly Item[] {
  if (status === 'cancelled') return output.slice(0, record.keptItems ?? 0);
  return showsOutput(status) ? output : [];
}

function showsOutput(status: ResponseStatus): boolean {
  return status === 'completed' || status === 'incomplete';
}
