import { existsSync } from 'node:fs';
import { type DataConverter } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { z } from 'zod';
import { readDataConverter } from '../codec';
import { workflowSource } from './bundle';
import { ConfigurationError } from './config';

/** What is looked at of a history; the rest is the SDK's. */
const historySchema = z.looseObject({ events: z.array(z.looseObject({})).min(1) });

/** Something that is no history. */
export class NotAHistoryError extends Error {
  override readonly name = 'NotAHistoryError';
}

/** A history, as `temporal workflow show --output json` prints it or as `fetchHistory()` of a client gives it. */
export interface RunHistory {
  /** Id of its run; workflows may read it. */
  workflowId: string;
  history: unknown;
}

/** What histories are replayed against. */
export interface ReplayOptions {
  /** Module of your own workflows, JavaScript or TypeScript. Default: the engine's alone. */
  workflowsPath?: string;
  /** What encodes the payloads of your runs. Default: the keys of `DURABLE_RESEARCH_ENCRYPTION_KEYS`. */
  dataConverter?: DataConverter;
}

/** Outcome of a replay; `error` says where this build's workflows do something else than the history. */
export type ReplayOutcome = { error?: Error };

/**
 * Replays histories one after the other; the workflows are bundled once.
 * @throws NotAHistoryError where one has no events; ConfigurationError for the keys or a module that does not exist.
 */
export async function* replayHistories(
  histories: Iterable<RunHistory> | AsyncIterable<RunHistory>,
  { workflowsPath, dataConverter = readDataConverter(process.env) }: ReplayOptions = {},
): AsyncGenerator<ReplayOutcome & { workflowId: string }> {
  if (workflowsPath !== undefined && !existsSync(workflowsPath))
    throw new ConfigurationError(`there is no module ${workflowsPath}; expected the one that exports your workflows`);
  const workflows = workflowsPath === undefined ? workflowSource(dataConverter) : { workflowsPath };
  const begun: string[] = [];
  const replayed = Worker.runReplayHistories({ ...workflows, dataConverter }, checked(histories, begun));
  for await (const { workflowId, error } of replayed) {
    begun.pop();
    yield { workflowId, error };
  }
  // The SDK ends silently when the process is told to end meanwhile, and a check that was not done would pass.
  if (begun.length > 0) throw new Error(`the replay of "${begun.join('", "')}" was ended before it had an outcome`);
}

/** Replays one history; see {@link replayHistories}. */
export async function replayHistory(
  history: unknown,
  workflowId: string,
  options?: ReplayOptions,
): Promise<ReplayOutcome> {
  for await (const { error } of replayHistories([{ history, workflowId }], options)) return { error };
  throw new Error(`the replay of ${workflowId} ended without an outcome`);
}

async function* checked(
  histories: Iterable<RunHistory> | AsyncIterable<RunHistory>,
  begun: string[],
): AsyncGenerator<RunHistory & { history: object }> {
  for await (const { workflowId, history } of histories) {
    const parsed = historySchema.safeParse(history);
    if (!parsed.success) {
      throw new NotAHistoryError(
        `history of "${workflowId}": expected "events", as "temporal workflow show --output json" prints it`,
      );
    }
    begun.push(workflowId);
    yield { workflowId, history: parsed.data };
  }
}
