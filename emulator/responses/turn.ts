import { draftAnswer } from '../answer/draft';
import type { Deps } from '../deps';
import type { Context } from './context';
import { openSources, searchCalls } from './hosted';
import { asksForReasoning, toOutput, type Output } from './output';
import type { CreateBody } from './request';
import { reasoningTokens } from './schedule';

/** What the emulator answers to a request: the items that a model would give. Throws the API's 400 for unknown sources. */
export async function takeTurn(
  deps: Deps,
  body: CreateBody,
  { id, context }: { id: string; context: Context },
): Promise<Output> {
  const sources = await openSources(deps, body);
  const draft = draftAnswer({ body, context, ...sources });
  const summary = `Searched ${sources.searched} for: ${draft.queries.join('; ')}.`;
  return toOutput(draft, {
    calls: searchCalls(sources, body, draft.queries),
    maxTokens: body.max_output_tokens ?? null,
    reasoningTokens: asksForReasoning(body) ? reasoningTokens(id) : 0,
    summary: body.reasoning?.summary === undefined ? null : summary,
  });
}
