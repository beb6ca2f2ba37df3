import { fromZod, type InputIssue } from '../contract/issues';
import { mcpUse } from '../contract/mcp';
import { priceOf } from '../contract/prices';
import { type RunRecord } from '../contract/run-record';
import { findSecrets } from '../contract/secrets';
import { hostedMcp, hostedTools, MAX_TOOLS, ownTools, stepDefaultsSchema, stepIdSchema } from '../contract/step';
import { NEEDS_STORE } from './deletions';
import { invalidInput } from './failures';
import { offeredTools } from './offered-tools';
import { type Run } from './run';
import { type RespondStep } from './turn';

const fieldsSchema = stepDefaultsSchema.omit({ context: true }).extend({ id: stepIdSchema }).loose();

/**
 * Begins a step, which may come from a workflow of the user that nothing has checked.
 * @throws ApplicationFailure `InvalidInput` for a wrong field, for a credential in a tool, which history would keep, and
 * when a step of this id has begun already: ids are keys of the account.
 */
export function claimStep(run: Run, step: RespondStep): void {
  const issues = run.claimed.has(step.id)
    ? [ID_TAKEN]
    : [...issuesOf(step), ...withoutStore(run, step), ...withoutPrice(run, step), ...toolIssues(run, step)];
  if (issues.length > 0) throw invalidInput(`step "${step.id}"`, issues);
  run.claimed.add(step.id);
}

function withoutStore({ record }: Run, { deleteRemoteAfter = 'never' }: RespondStep): InputIssue[] {
  const refused = deleteRemoteAfter !== 'never' && !record.ownStore;
  return refused ? [{ path: ['deleteRemoteAfter'], message: NEEDS_STORE }] : [];
}

function toolIssues({ record }: Run, { tools, redact }: RespondStep): InputIssue[] {
  const unknown = [
    ...ownTools(tools).filter((name) => !isKnown(record, name)),
    ...hostedMcp(tools).flatMap(({ label, tool: { server_url: url, connector_id: connector } }) =>
      url === undefined && connector === undefined && !record.hostedMcp?.includes(label) ? [label] : [],
    ),
  ].map((name) => `"${name}"`);
  if (unknown.length > 0) return [{ path: ['tools'], message: `${unknown.join(', ')}: openRun() was not told of it` }];
  const tooMany = tooManyTools(record, tools);
  if (tooMany !== undefined) return [{ path: ['tools'], message: tooMany }];
  if (ownTools(tools).length === 0 || !redact || record.ownStore) return [];
  const message = `with tools of your own it ${NEEDS_STORE}`;
  return [{ path: ['redact'], message }];
}

function isKnown({ tools = [], mcp = [] }: RunRecord, name: string): boolean {
  const use = mcpUse(name);
  if (!use) return tools.some((policy) => policy.name === name);
  if (use.tool === undefined) return mcp.some(({ server, all }) => server === use.server && all);
  return tools.some((policy) => policy.mcp?.server === use.server && policy.mcp.tool === use.tool);
}

/** Why a step cannot offer what it names; undefined where it can. */
export function tooManyTools(record: RunRecord, tools: RespondStep['tools']): string | undefined {
  const count = offeredTools(record, tools).length + hostedTools(tools).length;
  if (count <= MAX_TOOLS) return undefined;
  return `expected at most ${MAX_TOOLS} tools, got ${count}; name single ones of an MCP server, "mcp:<server>/<tool>"`;
}

function withoutPrice(run: Run, step: RespondStep): InputIssue[] {
  const message = unpricedReason(run, step.model);
  return message === undefined ? [] : [{ path: ['model'], message }];
}

/** Why a step with this model may not run: a cap in USD could not be held. */
export function unpricedReason({ record, budget }: Run, model = record.defaultModel): string | undefined {
  if (budget?.caps.usd === undefined || priceOf(record.prices, model)) return undefined;
  return `expected a model with a price, since the run has a budget in USD, got "${model}"; set DURABLE_RESEARCH_PRICES at the worker to a file that has it, or bound "tokens" instead`;
}

const ID_TAKEN: InputIssue = { path: ['id'], message: 'is used twice; expected an id that is unique in its run' };

function issuesOf(step: RespondStep): InputIssue[] {
  const secrets = findSecrets({ defaults: { tools: step.tools } });
  if (secrets.length > 0) return secrets.map(({ path, kind }) => ({ path: path.slice(1), message: `holds ${kind}` }));
  const parsed = fieldsSchema.safeParse(step);
  return parsed.success ? [] : fromZod(parsed.error, step);
}
