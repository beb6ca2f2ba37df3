import { readAsk } from '../answer/ask';
import type { Deps } from '../deps';
import { errorMessage } from '../error-code';
import { serverOf, type McpServer } from '../mcp/server';
import { workWithServers } from '../mcp/work';
import { del } from '../state';
import { chooseTools } from '../tool-calls/choice';
import { outputChanges } from './accepted';
import { gatherContext, type Context } from './context';
import { openContext, withEncryptedReasoning } from './encrypted';
import { serverTools } from './pending';
import { isCalledOff, type Item, type ResponseRecord } from './record';
import type { CreateBody } from './request';
import { withExpiry } from './retention';
import { countItemTokens, usageOf } from './tokens';
import { takeTurn } from './turn';

/** Starts the work of a response that was just accepted; `body` still holds its credentials. */
export function startWork(deps: Deps, id: string, body: CreateBody): void {
  const servers = serverTools(body).map((tool) => serverOf(tool, undefined));
  deps.jobs.start(id, (signal) => perform(deps, { id, servers, signal }));
}

/** Takes up the work that an earlier process left behind: at least once, where a server was called already. */
export async function resumeWork(deps: Deps): Promise<void> {
  for await (const [id, pending] of deps.store.tables.pending.iterator()) {
    const record = await deps.store.tables.responses.get(id);
    if (record === undefined || isCalledOff(record)) {
      await deps.store.tables.pending.del(id);
      continue;
    }
    const [lost] = pending.withheld;
    deps.jobs.start(id, async (signal) => {
      if (lost !== undefined) return fail(deps, id, lostCredentials(lost));
      const tools = serverTools(record.request);
      const servers = tools.map((tool) => serverOf(tool, pending.urls[tool.server_label]));
      await perform(deps, { id, servers, signal });
    });
  }
}

function lostCredentials(label: string): string {
  return (
    `The emulator was started again while it worked with the MCP server '${label}'. Its credentials were kept in ` +
    `memory alone; send the request again.`
  );
}

async function perform(
  deps: Deps,
  { id, servers, signal }: { id: string; servers: readonly McpServer[]; signal: AbortSignal },
): Promise<void> {
  try {
    const record = await deps.store.tables.responses.get(id);
    if (record === undefined) return await deps.store.tables.pending.del(id);
    const context = await contextOf(deps, record);
    const seen = openContext(deps.store.sealKey, context);
    const made = await callServers(deps, { record, context: seen, servers, signal });
    await deps.store.exclusive(() => finish(deps, id, { context, seen, made }));
  } catch (error) {
    // Stopped by a cancel, or by the end of the process, after which the work is taken up again.
    if (signal.aborted) return deps.store.exclusive(() => forgetIfCancelled(deps, id));
    await fail(deps, id, `The server had an error while processing your request: ${errorMessage(error)}`);
  }
}

function callServers(
  { options }: Deps,
  work: { record: ResponseRecord; context: Context; servers: readonly McpServer[]; signal: AbortSignal },
): Promise<Item[]> {
  const { record, context, servers, signal } = work;
  const { request } = record;
  return workWithServers(
    {
      choice: chooseTools(request),
      ask: readAsk(request, context),
      context,
      servers,
      parallel: request.parallel_tool_calls !== false,
      maxCalls: request.max_tool_calls ?? Infinity,
    },
    { timeoutMs: options.mcpSeconds * 1000, signal },
  );
}

/** What a stored response was asked, as it stood when it was accepted. */
async function contextOf(deps: Deps, { id, request }: ResponseRecord): Promise<Context> {
  const { earlier } = await gatherContext(deps, { ...request, input: undefined });
  const input = (await deps.store.tables.inputs.get(id)) ?? [];
  return { earlier, input };
}

/** Writes the output of a response and its end at once. */
async function finish(
  deps: Deps,
  id: string,
  { context, seen, made }: { context: Context; seen: Context; made: readonly Item[] },
): Promise<void> {
  const { responses, pending } = deps.store.tables;
  const [record, work] = await Promise.all([responses.get(id), pending.get(id)]);
  // A cancel may have come between the last answer of a server and this.
  if (record === undefined || work === undefined || isCalledOff(record)) return pending.del(id);
  const output = await takeTurn(deps, record.request, {
    id,
    context: seen,
    made,
    obedient: record.quirks?.obedient === true,
  });
  const { ending, usage } = record;
  const ended: ResponseRecord = {
    ...record,
    endsAt: Math.max(work.endsAt, deps.clock.now()),
    // A fault's ending stands.
    ending:
      ending.status === 'completed' && output.truncated
        ? { status: 'incomplete', reason: 'max_output_tokens' }
        : ending,
    usage: usageOf({
      earlier: countItemTokens(seen.earlier),
      fresh: usage.input_tokens - countItemTokens(seen.earlier) + countItemTokens(made),
      output: output.tokens,
      reasoning: output.reasoningTokens,
    }),
  };
  const items = withEncryptedReasoning(deps.store.sealKey, record.request, work.empty ? [] : output.items);
  await store(deps, ended, { context, output: items });
}

async function fail(deps: Deps, id: string, message: string): Promise<void> {
  await deps.store.exclusive(async () => {
    const record = await deps.store.tables.responses.get(id);
    if (record === undefined || isCalledOff(record)) return deps.store.tables.pending.del(id);
    const ending = { status: 'failed', code: 'server_error', message } as const;
    const failed: ResponseRecord = { ...record, endsAt: deps.clock.now(), ending };
    await store(deps, failed, { context: { earlier: [], input: [] }, output: [] });
  });
}

async function store(
  deps: Deps,
  record: ResponseRecord,
  made: { context: Context; output: readonly Item[] },
): Promise<void> {
  const { conversations, pending } = deps.store.tables;
  const conversation = record.conversationId === null ? undefined : await conversations.get(record.conversationId);
  await deps.store.write([
    ...withExpiry(deps, record).changes,
    ...outputChanges(deps, { record, ...made, conversation: conversation ?? null }),
    del(pending, record.id),
  ]);
}

async function forgetIfCancelled({ store: { tables } }: Deps, id: string): Promise<void> {
  const record = await tables.responses.get(id);
  if (record === undefined || isCalledOff(record)) await tables.pending.del(id);
}
