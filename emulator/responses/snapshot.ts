import { withIdentity } from '../identity';
import { endsForGoodAt, isOpen, statusAt, type Item, type ResponseRecord, type ResponseStatus } from './record';
import type { CreateBody } from './request';
import { shownItems, toolUsageOf } from './shown';

const seconds = (ms: number): number => Math.floor(ms / 1000);

/**
 * The response object as the API would show it at an instant; every field of the live wire is present. `include` is what
 * a retrieve asks for besides what the create asked for.
 */
export function responseAt(
  record: ResponseRecord,
  output: readonly Item[],
  now: number,
  include: NonNullable<CreateBody['include']> = [],
): Record<string, unknown> {
  const { request, ending } = record;
  const status = statusAt(record, now);
  const open = isOpen(status);
  const ended = endsForGoodAt(record);
  const shown = showsOutput(status) ? shownItems(output, [...(request.include ?? []), ...include]) : [];
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
    frequency_penalty: 0,
    incomplete_details: status === 'incomplete' && ending.status === 'incomplete' ? { reason: ending.reason } : null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    model: request.model,
    output: shown,
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    presence_penalty: 0,
    previous_response_id: request.previous_response_id ?? null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    prompt_cache_retention: request.prompt_cache_retention ?? null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: request.reasoning?.summary ?? null },
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

/** `auto` is resolved when the response ends. */
function tierAt(requested: string, open: boolean): string {
  return requested === 'auto' && !open ? 'default' : requested;
}

function showsOutput(status: ResponseStatus): boolean {
  return status === 'completed' || status === 'incomplete';
}
