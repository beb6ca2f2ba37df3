import { setTimeout as sleep } from 'node:timers/promises';
import { chainOf, startEngine } from '../chains';
import { creates, gapsOf } from '../creates';
import { figure, type Figure } from '../figures';
import { type Options } from '../options';
import { cpuSeconds } from '../processes';
import { type Part, Stack } from '../stack';

/** A level is reached over the length of a response, so that ends are spread evenly; then it is held as long. */
const RESPONSE_MS = 30_000;
const QUICK_RESPONSE_MS = 4_000;
/** More steps than a chain can do here: none ends before the measurement does. */
const STEPS = 100;
/** Levels up to here are to lose at most twice what the first one loses. */
const WANTED = 1_000;

type Level = { inFlight: number; lost: number[]; cpu: Partial<Record<Part, number>> };

/** (g) How many steps in flight one machine sustains with everything on it, by webhook, and where the CPU goes. */
export async function capacity({ quick, inFlight }: Options): Promise<Figure[]> {
  const responseMs = quick ? QUICK_RESPONSE_MS : RESPONSE_MS;
  const stack = await Stack.start({ webhooks: true });
  try {
    const levels: Level[] = [];
    let started = 0;
    for (const wanted of inFlight) {
      await startMore(stack, { from: started, to: wanted, responseMs });
      started = wanted;
      levels.push(await hold(stack, { inFlight: wanted, ms: responseMs }));
    }
    return figures(levels);
  } finally {
    await stack.close();
  }
}

type More = { from: number; to: number; responseMs: number };

/** Starts chains one after the other, evenly over the length of a response. */
async function startMore(stack: Stack, { from, to, responseMs }: More): Promise<void> {
  const beganAt = Date.now();
  const starting: Promise<unknown>[] = [];
  for (let i = from; i < to; i += 1) {
    await sleep(Math.max(0, beganAt + ((i - from) / (to - from)) * responseMs - Date.now()));
    starting.push(startEngine(stack, chainOf(`g-${i}`, Array<number>(STEPS).fill(responseMs))));
  }
  await Promise.all(starting);
}

/** Watches one level: what was lost by the responses that ended in it, and the CPU that each part used. */
async function hold(stack: Stack, { inFlight, ms }: { inFlight: number; ms: number }): Promise<Level> {
  const cpu = (): [Part, number][] => stack.parts.map((part) => [part, cpuSeconds(stack.pid(part))]);
  const before = new Map(cpu());
  const beganMs = Date.now();
  await sleep(ms);
  const endMs = Date.now();
  const used = cpu().map(([part, seconds]) => [part, seconds - (before.get(part) ?? 0)] as const);
  const lost = gapsOf(await creates(stack), endMs)
    .filter(({ endedMs }) => endedMs >= beganMs && endedMs < endMs)
    .map(({ lostMs }) => lostMs);
  return { inFlight, lost, cpu: Object.fromEntries(used.map(([part, seconds]) => [part, (seconds * 1000) / ms])) };
}

function figures(levels: readonly Level[]): Figure[] {
  const [first] = levels;
  if (!first) throw new Error('expected at least one level');
  return levels.flatMap(({ inFlight, lost, cpu }) => {
    const all = Object.values(cpu).reduce((sum, cores) => sum + cores, 0);
    return [
      figure({
        part: 'g',
        name: `${inFlight} in flight: time lost a step`,
        unit: 'ms',
        values: lost,
        against: { name: `${first.inFlight} in flight`, values: first.lost },
        ...(inFlight <= WANTED && { aim: 2 }),
      }),
      ...Object.entries(cpu).map(([part, cores]) =>
        figure({
          part: 'g',
          name: `${inFlight} in flight: CPU of the ${part}`,
          unit: 'cores',
          values: [cores],
          against: { name: 'every part', values: [all] },
        }),
      ),
    ];
  });
}
