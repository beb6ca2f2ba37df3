import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { type Chain, chainOf, startEngine, startPlain } from '../chains';
import { type Create, creates, type Gap, gapsOf, until } from '../creates';
import { spreadAround } from '../durations';
import { figure, type Figure } from '../figures';
import { type Billed, billedOf } from '../history';
import { type Options } from '../options';
import { type Program, startProgram, type Usage } from '../processes';
import { Stack } from '../stack';

/** A length of responses, in seconds, and how many steps a chain of them has. */
type Length = { seconds: number; steps: number };
const LENGTHS: Length[] = [
  { seconds: 5, steps: 6 },
  { seconds: 15, steps: 6 },
  { seconds: 60, steps: 4 },
  { seconds: 120, steps: 2 },
];
const QUICK: Length[] = [{ seconds: 3, steps: 3 }];
const CHAINS = 8;

type Kind = 'engine' | 'plain' | 'loop';
type Mode = 'webhook' | 'watch';

/** What one chain showed. */
interface Seen {
  mode: Mode;
  kind: Kind;
  seconds: number;
  gaps: Gap[];
  /** Requests to the provider for each of its responses, the create included. */
  requests: number[];
  /** Of its workflow, where it has one. */
  billed?: Billed;
  steps: number;
}

/**
 * (a), (c), (d): chains of real waits, by the engine, by a plain loop and by plain activities, all side by side: time lost
 * between two responses, requests to the provider, events and actions of Temporal a step.
 */
export async function waits({ quick }: Options): Promise<Figure[]> {
  const lengths = quick ? QUICK : LENGTHS;
  // Both stacks at once: nothing in them is busy while it waits.
  const seen = await Promise.all((['webhook', 'watch'] as const).map((mode) => measure(mode, lengths)));
  return lengths.flatMap(({ seconds }) =>
    figures(
      seen.flat().filter((chain) => chain.seconds === seconds),
      seconds,
    ),
  );
}

async function measure(mode: Mode, lengths: readonly Length[]): Promise<Seen[]> {
  const stack = await Stack.start({ webhooks: mode === 'webhook', plain: true });
  const run = {
    engine: chainsOf('engine', lengths),
    plain: chainsOf('plain', lengths),
    loop: chainsOf('loop', lengths),
  };
  let loop: Program | undefined;
  try {
    loop = await startLoop(stack, run.loop);
    const handles = await Promise.all([
      ...run.engine.map((chain) => startEngine(stack, chain)),
      ...run.plain.map((chain) => startPlain(stack, chain)),
    ]);
    await Promise.all(handles.map((handle) => handle.result()));
    await until('every loop has ended', () => ended(stack, run.loop));
    const programs = [stack.program('worker'), stack.program('plainWorker'), loop];
    if (mode === 'webhook') programs.push(stack.program('gateway'));
    const usages = await Promise.all(programs.map((program) => program.usage()));
    const all = await creates(stack);
    return await Promise.all(
      (['engine', 'plain', 'loop'] as const).flatMap((kind) =>
        run[kind].map(async (chain) => {
          const billed = kind === 'loop' ? undefined : await billedOf(stack.client, chain.id);
          return { mode, kind, billed, ...seenOf(chain, all, usages) };
        }),
      ),
    );
  } finally {
    await loop?.kill();
    await stack.close();
  }
}

function chainsOf(kind: Kind, lengths: readonly Length[]): (Chain & { seconds: number })[] {
  return lengths.flatMap(({ seconds, steps }) =>
    Array.from({ length: CHAINS }, () => ({
      ...chainOf(`${kind}-${seconds}s-${randomUUID()}`, spreadAround(seconds, steps)),
      seconds,
    })),
  );
}

function startLoop({ provider }: Stack, chains: readonly Chain[]): Promise<Program> {
  const file = path.join(__dirname, '../programs/plain-loop.js');
  const env = { OPENAI_API_KEY: 'bench', OPENAI_BASE_URL: provider };
  return startProgram(file, { env, args: [JSON.stringify(chains)] });
}

async function ended(stack: Stack, chains: readonly Chain[]): Promise<boolean> {
  const steps = chains.reduce((sum, chain) => sum + chain.steps.length, 0);
  const ids = new Set(chains.map(({ id }) => id));
  const own = (await creates(stack)).filter(({ chain }) => ids.has(chain));
  // The last poll comes up to two seconds after the last end.
  return own.length === steps && own.every(({ endsMs }) => endsMs + 3_000 < Date.now());
}

function seenOf(chain: Chain & { seconds: number }, all: readonly Create[], usages: readonly Usage[]) {
  const own = all.filter((create) => create.chain === chain.id);
  const retrieves = ({ id }: Create): number => usages.reduce((sum, usage) => sum + (usage.retrieves[id] ?? 0), 0);
  return {
    seconds: chain.seconds,
    steps: chain.steps.length,
    gaps: gapsOf(own),
    requests: own.map((create) => 1 + retrieves(create)),
  };
}

function figures(seen: readonly Seen[], seconds: number): Figure[] {
  return (['webhook', 'watch'] as const).flatMap((mode) => {
    const of = (kind: Kind): Seen[] => seen.filter((chain) => chain.mode === mode && chain.kind === kind);
    const [engine, plain, loop] = [of('engine'), of('plain'), of('loop')];
    const name = `${seconds} s responses by ${mode}`;
    return [
      lost(`${name}: time lost`, engine, loop, mode === 'webhook' ? 0.1 : undefined),
      ...(mode === 'watch' ? [lostOfWait(`${name}: time lost`, engine)] : []),
      figure({
        part: 'c',
        name: `${name}: requests a step`,
        unit: '',
        values: engine.flatMap(({ requests }) => requests),
        against: { name: 'plain loop', values: loop.flatMap(({ requests }) => requests) },
        aim: seconds >= 60 ? 0.999 : undefined,
      }),
      billing(`${name}: events a step`, ({ events }) => events, { engine, plain }),
      billing(`${name}: billable actions a step`, ({ actions }) => actions, { engine, plain }),
    ];
  });
}

function lost(name: string, engine: readonly Seen[], loop: readonly Seen[], aim?: number): Figure {
  const times = (chains: readonly Seen[]): number[] => chains.flatMap(({ gaps }) => gaps.map(({ lostMs }) => lostMs));
  const against = { name: 'plain loop', values: times(loop) };
  return figure({ part: 'a', name, unit: 'ms', values: times(engine), against, aim });
}

function lostOfWait(name: string, engine: readonly Seen[]): Figure {
  const gaps = engine.flatMap((chain) => chain.gaps);
  const values = gaps.map(({ lostMs }) => lostMs);
  const against = { name: 'the wait itself', values: gaps.map(({ waitedMs }) => waitedMs) };
  return figure({ part: 'a', name, unit: 'ms', values, against, paired: true, aim: 0.1 });
}

function billing(
  name: string,
  count: (billed: Billed) => number,
  { engine, plain }: Record<'engine' | 'plain', readonly Seen[]>,
): Figure {
  const perStep = (chains: readonly Seen[]): number[] =>
    chains.flatMap(({ billed, steps }) => (billed ? [count(billed) / steps] : []));
  const against = { name: 'plain chain', values: perStep(plain) };
  return figure({ part: 'd', name, unit: '', values: perStep(engine), against });
}
