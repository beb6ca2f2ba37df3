import { type ResolveRunInput } from '../contract/activities';
import { type RunRecord } from '../contract/run-record';
import { selectPrices } from '../openai';
import { providerStore } from '../store/provider';
import { type ActivityDeps } from './deps';

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
  };
}
