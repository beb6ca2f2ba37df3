import { chainOf, startEngine } from '../chains';
import { type Create, creates, until } from '../creates';
import { figure, type Figure } from '../figures';
import { type Options } from '../options';
import { type Part, Stack } from '../stack';

const CHAINS = 4;
const RESPONSE_MS = 4_000;
const STEPS = 2;

type Scenario = { name: string; webhooks: boolean; kills: (stack: Stack) => Part[] };
const SCENARIOS: Scenario[] = [
  { name: 'worker, by webhook', webhooks: true, kills: () => ['worker'] },
  { name: 'worker, by watch', webhooks: false, kills: () => ['worker'] },
  { name: 'everything, by webhook', webhooks: true, kills: ({ parts }) => parts },
];

/**
 * (e) Time from the restart after `kill -9` to the next create of runs that were waiting, whose responses ended while
 * everything was down; against the first create of runs that begin at that moment, undisturbed.
 */
export async function restart({ quick }: Options): Promise<Figure[]> {
  const rounds = quick ? 1 : 5;
  const scenarios = await Promise.all(SCENARIOS.map((scenario) => measure(scenario, rounds)));
  return scenarios;
}

async function measure({ name, webhooks, kills }: Scenario, rounds: number): Promise<Figure> {
  const stack = await Stack.start({ webhooks });
  const values: number[] = [];
  const fresh: number[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const seen = await killAndRestart(stack, kills(stack), `e-${round}`);
      values.push(seen.disturbed);
      fresh.push(seen.undisturbed);
    }
  } finally {
    await stack.close();
  }
  const against = { name: 'first create of a new run', values: fresh };
  return figure({
    part: 'e',
    name: `kill -9 of ${name}: restart to next create`,
    unit: 'ms',
    values,
    against,
    paired: true,
  });
}

async function killAndRestart(stack: Stack, parts: readonly Part[], id: string) {
  const chains = (kind: string) =>
    Array.from({ length: CHAINS }, (_, i) => chainOf(`${id}-${kind}-${i}`, Array<number>(STEPS).fill(RESPONSE_MS)));
  const old = chains('old');
  await Promise.all(old.map((chain) => startEngine(stack, chain)));
  await until('the first responses run', async () => of(await creates(stack), `${id}-old`).length === CHAINS);
  const endMs = Math.max(...of(await creates(stack), `${id}-old`).map(({ endsMs }) => endsMs));
  await stack.kill(...parts);
  await until('they have ended', async () => Date.now() > endMs);
  const restartedMs = Date.now();
  await stack.startAll();
  await Promise.all(chains('new').map((chain) => startEngine(stack, chain)));
  await until('every run goes on', async () => {
    const all = await creates(stack);
    return of(all, `${id}-old`).length === CHAINS * STEPS && of(all, `${id}-new`).length >= CHAINS;
  });
  const all = await creates(stack);
  const second = of(all, `${id}-old`).slice(CHAINS);
  const first = of(all, `${id}-new`).slice(0, CHAINS);
  const latest = (made: readonly Create[]): number => Math.max(...made.map(({ createdMs }) => createdMs)) - restartedMs;
  return { disturbed: latest(second), undisturbed: latest(first) };
}

function of(all: readonly Create[], prefix: string): Create[] {
  return all.filter(({ chain }) => chain.startsWith(prefix)).toSorted((a, b) => a.createdMs - b.createdMs);
}
