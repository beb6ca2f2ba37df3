import { Worker } from '@temporalio/worker';
import { z } from 'zod';
import { readDataConverter } from '../codec';
import { workflowSource } from './bundle';

/** What is looked at of a history; the rest is the SDK's. */
const historySchema = z.looseObject({ events: z.array(z.looseObject({})).min(1) });

/** A file that is no history. */
export class NotAHistoryError extends Error {
  override readonly name = 'NotAHistoryError';
}

/** Outcome of a replay; `error` says where this build's workflows do something else than the history. */
export type ReplayOutcome = { error?: Error };

/**
 * Replays a history as `temporal workflow show --output json` prints it against the workflows of this build.
 * An encrypted one needs the keys of `DURABLE_RESEARCH_ENCRYPTION_KEYS`.
 * @throws NotAHistoryError where `history` has no events; ConfigurationError for the keys.
 */
export async function replayHistory(
  history: unknown,
  workflowId: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ReplayOutcome> {
  const parsed = historySchema.safeParse(history);
  if (!parsed.success) {
    throw new NotAHistoryError('expected a history with "events", as "temporal workflow show --output json" prints it');
  }
  const dataConverter = readDataConverter(env);
  try {
    await Worker.runReplayHistory({ ...workflowSource(dataConverter), dataConverter }, parsed.data, workflowId);
    return {};
  } catch (error) {
    if (error instanceof Error) return { error };
    throw error;
  }
}
