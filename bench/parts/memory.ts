import { setTimeout as sleep } from 'node:timers/promises';
import { QUEUE, Stack } from '../stack';
import { until } from '../creates';
import { figure, type Figure } from '../figures';
import { type Options } from '../options';
import { type Usage } from '../processes';

/** Steps of one run: as many as it may have at once. */
const STEPS_A_RUN = 100;
const SAMPLES = 5;
const BETWEEN_SAMPLES_MS = 2_000;

/** (b) Memory of a worker with many steps waiting, by webhook and by watching, against the same worker without any. */
export async function memory({ waiting }: Options): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const webhooks of [true, false]) {
    const stack = await Stack.start({ webhooks, emulator: ['--seconds', '86400'] });
    try {
      figures.push(...(await measure(stack, { waiting, mode: webhooks ? 'webhook' : 'watch' })));
    } finally {
      await stack.close();
    }
  }
  return figures;
}

async function measure(stack: Stack, { waiting, mode }: { waiting: number; mode: string }): Promise<Figure[]> {
  // One run that ends without a create: the workflow sandbox is loaded in both cases.
  await startWaiting(stack, 'b-warm', 1);
  await untilWaiting(stack, 1);
  const none = await sample(stack);
  for (let left = waiting; left > 0; left -= STEPS_A_RUN) {
    await startWaiting(stack, `b-${left}`, Math.min(left, STEPS_A_RUN));
  }
  await untilWaiting(stack, waiting);
  const full = await sample(stack);
  const compared = (name: string, of: (usage: Usage) => number): Figure => {
    const against = { name: 'the same with one', values: none.map(of) };
    return figure({
      part: 'b',
      name: `${waiting} steps waiting by ${mode}: ${name}`,
      unit: 'MB',
      values: full.map(of),
      against,
    });
  };
  return [
    compared('resident memory', ({ residentMb }) => residentMb),
    compared('heap after collection', ({ heapMb }) => heapMb),
  ];
}

async function startWaiting({ client }: Stack, workflowId: string, count: number): Promise<void> {
  const steps = Array.from({ length: count }, (_, i) => ({ id: `s${i}`, prompt: 'Say when.', after: [] }));
  const args = [{ steps, maxParallel: count, defaults: { deadline: '12h' } }];
  await client.workflow.start('pipeline', { workflowId, taskQueue: QUEUE.engine, args });
}

/** A step waits from the first look at its response on. */
function untilWaiting(stack: Stack, count: number): Promise<void> {
  const look = async (): Promise<boolean> => {
    const { retrieves } = await stack.program('worker').usage();
    return Object.keys(retrieves).length >= count;
  };
  return until(`${count} steps wait`, look, { everyMs: 1_000 });
}

async function sample(stack: Stack): Promise<Usage[]> {
  const samples: Usage[] = [];
  for (let i = 0; i < SAMPLES; i += 1) {
    await sleep(BETWEEN_SAMPLES_MS);
    samples.push(await stack.program('worker').usage());
  }
  return samples;
}
