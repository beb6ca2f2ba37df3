import { readAsk } from '../answer/ask';
import { draftAnswer } from '../answer/draft';
import type { Deps } from '../deps';
import { Obedience } from '../obedient/turn';
import { chooseTools } from '../tool-calls/choice';
import { codeCalls } from '../tool-calls/code/calls';
import { functionCalls } from '../tool-calls/functions';
import { searchCalls } from '../tool-calls/searches';
import { openSources } from '../tool-calls/sources';
import type { Context } from './context';
import { asksForReasoning, toOutput, type Output } from './output';
import type { Item } from './record';
import type { RequestSettings } from './request';
import { reasoningTokens } from './schedule';

/**
 * What the emulator answers to a request: the items that a model would give. `made` are items of this response that exist
 * already: what came of MCP servers; an `obedient` turn follows instructions wherever it reads them. Throws the API's
 * error for unknown sources. Call it inside `store.exclusive`.
 */
export async function takeTurn(
  deps: Deps,
  body: RequestSettings,
  turn: { id: string; context: Context; made?: readonly Item[]; obedient: boolean },
): Promise<Output> {
  const { id, context, made = [] } = turn;
  const choice = chooseTools(body);
  const sources = await openSources(deps, choice);
  const known = [...context.earlier, ...context.input, ...made];
  const ask = readAsk(body, { earlier: [], input: known });
  const reasons = asksForReasoning(body);
  const limits = {
    maxTokens: body.max_output_tokens ?? null,
    reasoningTokens: reasons ? reasoningTokens(id) : 0,
  };
  const own = functionCalls(choice, ask, { items: known, parallel: body.parallel_tool_calls !== false });
  const obedience = turn.obedient ? new Obedience({ body, choice, ask, items: known }) : null;
  const calls = obedience?.atOnce(own) ?? own;
  const asksApproval = made.some((item) => item.type === 'mcp_approval_request');
  if (calls.length > 0 || asksApproval) return toOutput(null, { ...limits, calls: [...made, ...calls], summary: null });

  const room = (body.max_tool_calls ?? Infinity) - made.filter((item) => item.type === 'mcp_call').length;
  const run = codeCalls(choice, ask.prompt, known).slice(0, Math.max(0, room));
  const informed = run.length === 0 ? ask : readAsk(body, { earlier: known, input: run });
  const draft = draftAnswer({ body, ask: informed, ...sources });
  const hosted = [...run, ...searchCalls(sources, draft.queries, reasons)].slice(0, Math.max(0, room));
  const told = obedience?.afterSearch(sources, draft.queries) ?? [];
  const summary = `Searched ${sources.searched} for: ${draft.queries.join('; ')}.`;
  return toOutput(told.length > 0 ? null : (obedience?.said(draft) ?? draft), {
    ...limits,
    calls: [...made, ...hosted, ...told],
    summary: body.reasoning?.summary === undefined ? null : summary,
  });
}
