import { setTimeout as sleep } from 'node:timers/promises';
import {
  type PipelineInput,
  type PipelineResult,
  type ResearchClient,
  RunCancelledError,
  RunFailedError,
  type RunHandle,
} from '../../../client';

/** What a run is about: as many different final texts. */
export const TOPICS = ['Paxos', 'Raft', 'Zab', 'gossip protocols', 'vector clocks', 'quorums', 'CRDTs', 'leases'];

export type Wait = 'watch' | 'webhook' | 'auto';

/** Five steps, three of them at once, that see each other in every way but a conversation. */
export function fiveSteps(topic: string, wait: Wait, deadline = '1h'): PipelineInput {
  return {
    steps: [
      { id: 'explain', prompt: `Explain ${topic}.`, after: [] },
      {
        id: 'compare',
        prompt: 'Compare it to two-phase commit.',
        context: { strategy: 'stateless', from: ['explain'] },
      },
      { id: 'check', prompt: 'Which claims here need a source?\n\n{{steps.explain.text}}' },
      { id: 'deepen', prompt: 'Go on.', context: { strategy: 'previous_response', from: ['explain'] } },
      { id: 'sum-up', prompt: 'Sum up.', context: { strategy: 'stateless', from: 'all', select: 'text' } },
    ],
    defaults: { wait, deadline },
  };
}

/** How a run ended. */
export type End = { run: RunHandle } & (
  | { outcome: 'result'; result: PipelineResult }
  | { outcome: 'failed'; type: string; message: string; result?: PipelineResult }
  | { outcome: 'cancelled' }
);

/** Starts a run; a server that is away is asked again, which is safe: a run is started once by its id. */
export function startRun(research: ResearchClient, workflowId: string, input: PipelineInput): Promise<RunHandle> {
  return insist(() => research.start(input, { workflowId }));
}

/** How a run has ended. Waits until it has. */
export async function endOf(run: RunHandle): Promise<End> {
  return insist(async (): Promise<End> => {
    try {
      return { run, outcome: 'result', result: await run.result() };
    } catch (error) {
      if (error instanceof RunCancelledError) return { run, outcome: 'cancelled' };
      if (error instanceof RunFailedError) return { run, outcome: 'failed', ...error.failure };
      throw error;
    }
  });
}

/**
 * Waits until no run of the server is open.
 * @throws Error naming those that still are after `withinMs`, and what they wait for.
 */
export async function allClosed(research: ResearchClient, withinMs: number): Promise<void> {
  const giveUpAt = Date.now() + withinMs;
  const query = 'ExecutionStatus = "Running"';
  for (;;) {
    const { count } = await insist(() => research.client.workflow.count(query));
    if (count === 0) return;
    if (Date.now() > giveUpAt) throw new Error(await describeOpen(research, query, withinMs));
    await sleep(500);
  }
}

async function describeOpen(research: ResearchClient, query: string, withinMs: number): Promise<string> {
  const lines = [`runs hang: open after ${withinMs / 1000} s`];
  for await (const { workflowId } of research.client.workflow.list({ query })) {
    const pending = (await research.run(workflowId).describe())?.raw.pendingActivities ?? [];
    const waits = pending.map(
      (one) => `${one.activityId} attempt ${one.attempt}: ${one.lastFailure?.message ?? 'no failure'}`,
    );
    lines.push(`  ${workflowId}: ${waits.join('; ') || 'no activity'}`);
  }
  return lines.join('\n');
}

/** Calls that reach a server which is being killed: what it says of itself in gRPC is no news, everything else is. */
export async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isAway(error)) throw error;
      await sleep(250);
    }
  }
}

/** UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED, INTERNAL and UNKNOWN, in any cause. */
const AWAY = new Set([14, 1, 4, 13, 2]);

function isAway(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'number' && AWAY.has(cause.code)) return true;
  }
  return false;
}
