import { chainOf, runAll, startEngine, startPlain } from '../chains';
import { figure, type Figure } from '../figures';
import { cpuSeconds } from '../processes';
import { type Options } from '../options';
import { type Part, Stack } from '../stack';

/** Ends before it is looked at, and after its create is answered: to one that holds the output, the engine need not look. */
const AT_ONCE_MS = 4;

type Kind = 'engine' | 'plain';
/** Of one round, for a step: wall-clock time, CPU of the worker and of the server, all in milliseconds. */
type Cost = { wall: number; worker: number; server: number };

const STARTERS = { engine: startEngine, plain: startPlain };
const WORKERS = { engine: 'worker', plain: 'plainWorker' } as const;

/** (f) What a step costs where the provider answers at once: by the engine, and by two activities of Temporal's SDK. */
export async function overhead({ quick }: Options): Promise<Figure[]> {
  const rounds = quick ? 3 : 9;
  // Long chains: what a run needs once, whatever its steps, is its own matter.
  const size = quick ? { chains: 2, steps: 5 } : { chains: 4, steps: 40 };
  const stack = await Stack.start({ webhooks: false, plain: true, emulator: [] });
  try {
    const costs: Record<Kind, Cost>[] = [];
    for (let round = 0; round <= rounds; round += 1) costs.push(await measureBoth(stack, { round, ...size }));
    // The first round warms up: compilers, caches, connections.
    return figures(costs.slice(1));
  } finally {
    await stack.close();
  }
}

type Round = { round: number; chains: number; steps: number };

/** In turn, and each first as often as the other. */
async function measureBoth(stack: Stack, round: Round): Promise<Record<Kind, Cost>> {
  const order: Kind[] = round.round % 2 === 0 ? ['engine', 'plain'] : ['plain', 'engine'];
  const costs: Partial<Record<Kind, Cost>> = {};
  for (const kind of order) costs[kind] = await measure(stack, kind, round);
  return costs as Record<Kind, Cost>;
}

async function measure(stack: Stack, kind: Kind, { round, chains, steps }: Round): Promise<Cost> {
  const all = Array.from({ length: chains }, (_, i) =>
    chainOf(`f-${kind}-${round}-${i}`, Array<number>(steps).fill(AT_ONCE_MS)),
  );
  const parts: Part[] = [WORKERS[kind], 'server'];
  const cpu = (): number[] => parts.map((part) => cpuSeconds(stack.pid(part)));
  const before = cpu();
  const wallMs = await runAll(stack, all, STARTERS[kind]);
  const [worker = NaN, server = NaN] = cpu().map((seconds, i) => (seconds - (before[i] ?? NaN)) * 1000);
  const count = chains * steps;
  return { wall: wallMs / steps, worker: worker / count, server: server / count };
}

function figures(costs: readonly Record<Kind, Cost>[]): Figure[] {
  const compared = (name: string, cost: (of: Cost) => number, aim?: number): Figure =>
    figure({
      part: 'f',
      name,
      unit: 'ms',
      values: costs.map(({ engine }) => cost(engine)),
      against: { name: 'plain chain', values: costs.map(({ plain }) => cost(plain)) },
      paired: true,
      aim,
    });
  return [
    compared('time a step, answered at once', ({ wall }) => wall, 1.2),
    compared('CPU a step, worker and server', ({ worker, server }) => worker + server, 1.2),
    compared('CPU a step, worker', ({ worker }) => worker),
    compared('CPU a step, server', ({ server }) => server),
  ];
}
