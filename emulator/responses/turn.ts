import { readAsk } from '../answer/ask';
import { draftAnswer } from '../answer/draft';
import type { Deps } from '../deps';
import { chooseTools } from '../tools/choice';
import { functionCalls } from '../tools/functions';
import { searchCalls } from '../tools/searches';
import { openSources } from '../tools/sources';
import type { Context } from './context';
import { asksForReasoning, toOutput, type Output } from './output';
import type { CreateBody } from './request';
import { reasoningTokens } from './schedule';

/**
 * What the emulator answers to a request: the items that a model would give. Throws the API's error for unknown
 * sources. Call it inside `store.exclusive`.
 */
export async function takeTurn(
  deps: Deps,
  body: CreateBody,
  { id, context }: { id: string; context: Context },
): Promise<Output> {
  const choice = chooseTools(body);
  const sources = await openSources(deps, choice);
  const ask = readAsk(body, context);
  const reasons = asksForReasoning(body);
  const limits = {
    maxTokens: body.max_output_tokens ?? null,
    reasoningTokens: reasons ? reasoningTokens(id) : 0,
  };
  const items = [...context.earlier, ...context.input];
  const calls = functionCalls(choice, ask, { items, parallel: body.parallel_tool_calls !== false });
  if (calls.length > 0) return toOutput(null, { ...limits, calls, summary: null });

  const draft = draftAnswer({ body, ask, ...sources });
  const searches = searchCalls(sources, draft.queries, reasons);
  const summary = `Searched ${sources.searched} for: ${draft.queries.join('; ')}.`;
  return toOutput(draft, {
    ...limits,
    calls: searches.slice(0, body.max_tool_calls ?? searches.length),
    summary: body.reasoning?.summary === undefined ? null : summary,
  });
}
