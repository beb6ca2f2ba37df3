import { type ResolveRunInput, type ToolUse } from '../contract/activities';
import { InvalidInputError } from '../contract/issues';
import { type RunRecord, type ToolPolicy } from '../contract/run-record';
import { selectPrices } from '../openai';
import { providerStore } from '../store/provider';
import type { ToolRegistry } from '../tools/registry';
import { type ActivityDeps } from './deps';
import { failure } from './failures';

/** Once a run: what its decisions depend on, as this worker is configured now. */
export async function resolveRun(deps: ActivityDeps, input: ResolveRunInput): Promise<RunRecord> {
  return {
    origin: deps.provider.origin,
    simulated: deps.simulated,
    defaultModel: deps.defaultModel,
    prices: selectPrices(deps.prices, [...input.models, deps.defaultModel]),
    createTimeoutMs: deps.createTimeoutMs,
    notifies: deps.notify !== undefined,
    webhooks: deps.webhooks,
    ownStore: deps.store !== providerStore,
    traces: deps.traces ?? false,
    background: deps.background.known,
    foregroundModels: [...deps.background.refusing],
    historyEvents: deps.historyEvents,
    ...(deps.createTaskQueue !== undefined && { createTaskQueue: deps.createTaskQueue }),
    ...(input.tools?.length && { tools: policies(deps.tools ?? new Map(), input.tools) }),
  };
}

/** @throws ApplicationFailure `InvalidInput` naming every tool that is not registered, by its place in the run's input. */
function policies(registry: ToolRegistry, used: readonly ToolUse[]): ToolPolicy[] {
  const known = [...registry.keys()].map((name) => `"${name}"`).join(', ') || 'none';
  const unknown = used.filter(({ name }) => !registry.has(name));
  if (unknown.length > 0) {
    const issues = unknown.map(({ name, path }) => ({
      path,
      message: `no tool "${name}" is registered at the worker; registered: ${known}`,
    }));
    throw failure('InvalidInput', new InvalidInputError('input', issues).message);
  }
  return used.flatMap(({ name }) => {
    const registered = registry.get(name);
    if (!registered) return [];
    const { needsApproval, timeoutMs, idempotent, retries, onError } = registered.tool;
    const definitionBytes = Buffer.byteLength(JSON.stringify(registered.definition));
    return [{ name, needsApproval, timeoutMs, idempotent, retries, onError, definitionBytes }];
  });
}
