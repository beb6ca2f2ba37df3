import { type WorkflowHandle } from '@temporalio/client';
import { stepId } from './durations';
import { QUEUE, type Stack } from './stack';

/** A chain of steps, each of which sees the one before it. */
export interface Chain {
  id: string;
  steps: { id: string; prompt: string }[];
}

const TOPICS = ['Paxos', 'Raft', 'gossip', 'leases', 'quorums', 'vector clocks'];

/** A chain whose responses take so long, in milliseconds each. */
export function chainOf(id: string, durations: readonly number[]): Chain {
  const steps = durations.map((ms, i) => ({
    id: stepId(i + 1, ms),
    prompt: `In two sentences: what does one have to know of ${TOPICS[i % TOPICS.length]}?`,
  }));
  return { id, steps };
}

/** Starts a chain as a pipeline of the engine. */
export function startEngine({ client }: Stack, { id, steps }: Chain): Promise<WorkflowHandle> {
  return client.workflow.start('pipeline', { workflowId: id, taskQueue: QUEUE.engine, args: [{ steps }] });
}

/** Starts a chain as the plain workflow of two activities a step. */
export function startPlain({ client }: Stack, { id, steps }: Chain): Promise<WorkflowHandle> {
  return client.workflow.start('plainChain', { workflowId: id, taskQueue: QUEUE.plain, args: [steps] });
}

/** Runs chains side by side. Returns milliseconds from the first start to the last end. */
export async function runAll(
  stack: Stack,
  chains: readonly Chain[],
  start: (stack: Stack, chain: Chain) => Promise<WorkflowHandle>,
): Promise<number> {
  const startedAt = performance.now();
  const handles = await Promise.all(chains.map((chain) => start(stack, chain)));
  await Promise.all(handles.map((handle) => handle.result()));
  return performance.now() - startedAt;
}
