import * as fc from 'fast-check';
import { planSteps, type PlannedStep } from '../../contract/graph';
import { runGraph } from '../../workflows/graph';
import { type EndedStep } from '../../contract/carry';
import { type Responded } from '../../workflows/turn';

type Graph = { needs: number[][]; maxParallel: number; order: number[]; throwing: Set<number> };

const graph: fc.Arbitrary<Graph> = fc.integer({ min: 1, max: 25 }).chain((size) =>
  fc.record({
    needs: fc.tuple(
      ...Array.from({ length: size }, (_, i) =>
        fc.uniqueArray(fc.nat(Math.max(0, i - 1)), { maxLength: i === 0 ? 0 : 3 }),
      ),
    ),
    maxParallel: fc.integer({ min: 1, max: 6 }),
    order: fc.array(fc.nat(), { minLength: size, maxLength: size }),
    throwing: fc.uniqueArray(fc.nat(size - 1), { maxLength: 3 }).map((list) => new Set(list)),
  }),
);

const idOf = (i: number): string => `s${i}`;

function planned(needs: readonly number[][]): PlannedStep[] {
  return planSteps(
    needs.map((ids, i) => ({ id: idOf(i), prompt: 'x', after: ids.map(idOf) })),
    {},
    undefined,
  ).steps;
}

/** Steps that end when the test says so, in an order of the test's choice. */
class Stage {
  readonly started: string[] = [];
  readonly running = new Map<string, { resolve: (end: Responded) => void; reject: (error: Error) => void }>();
  readonly ended = new Set<string>();
  most = 0;

  readonly run = (step: PlannedStep, earlier: ReadonlyMap<string, EndedStep>): Promise<Responded> => {
    const early = step.needs.filter((need) => !this.ended.has(need) || !earlier.has(need));
    if (early.length > 0) throw new Error(`${step.id} began before ${early.join()}`);
    if (this.started.includes(step.id)) throw new Error(`${step.id} began twice`);
    this.started.push(step.id);
    return new Promise((resolve, reject) => {
      this.running.set(step.id, { resolve, reject });
      this.most = Math.max(this.most, this.running.size);
    });
  };

  end(pick: number, throwing: (id: string) => boolean): boolean {
    const open = [...this.running];
    const [id, settle] = open[pick % open.length] ?? [];
    if (id === undefined || !settle) return false;
    this.running.delete(id);
    if (throwing(id)) settle.reject(new Error(`${id} threw`));
    else {
      this.ended.add(id);
      settle.resolve({ id, outcome: 'completed', responseIds: [] });
    }
    return true;
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function play(
  { needs, maxParallel, order }: Graph,
  throwing: Set<string>,
): Promise<{ stage: Stage; ended: string }> {
  const stage = new Stage();
  let ended = 'running';
  const run = runGraph(planned(needs), { maxParallel }, stage.run).then(
    (ends) => (ended = `ended with ${ends.size}`),
    (error: Error) => (ended = error.message),
  );
  for (const pick of order) {
    await settled();
    expect(ended === 'running').toBe(stage.running.size > 0);
    stage.end(pick, (id) => throwing.has(id));
  }
  await run;
  return { stage, ended };
}

test('every step runs once, after its needs, never more than maxParallel, and none waits without need', async () => {
  const property = fc.asyncProperty(graph, async (drawn) => {
    const { stage, ended } = await play(drawn, new Set());
    expect(ended).toBe(`ended with ${drawn.needs.length}`);
    expect(new Set(stage.started).size).toBe(drawn.needs.length);
    expect(stage.most).toBeLessThanOrEqual(drawn.maxParallel);
  });
  await fc.assert(property, { numRuns: 200 });
});

test('when steps throw, the first error is thrown after every running step has ended, and nothing new begins', async () => {
  const property = fc.asyncProperty(graph, async (drawn) => {
    fc.pre(drawn.throwing.size > 0);
    const throwing = new Set([...drawn.throwing].map(idOf));
    const { stage, ended } = await play(drawn, throwing);
    expect(stage.running.size).toBe(0);
    const threw = stage.started.filter((id) => throwing.has(id));
    const expected = threw.length > 0 ? threw.map((id) => `${id} threw`) : [`ended with ${drawn.needs.length}`];
    expect(expected).toContain(ended);
  });
  await fc.assert(property, { numRuns: 200 });
});

test('after an error nothing new begins', async () => {
  const stage = new Stage();
  const run = runGraph(planned([[], [], []]), { maxParallel: 2 }, stage.run);
  await settled();
  expect(stage.started).toEqual(['s0', 's1']);
  stage.end(0, () => true);
  await settled();
  expect(stage.started).toEqual(['s0', 's1']);
  stage.end(0, () => false);
  await expect(run).rejects.toThrow('s0 threw');
  expect(stage.started).toEqual(['s0', 's1']);
});

test('free places are taken at once, in the order of the pipeline', async () => {
  const stage = new Stage();
  const run = runGraph(planned([[], [], [0], [], []]), { maxParallel: 3 }, stage.run);
  await settled();
  expect(stage.started).toEqual(['s0', 's1', 's3']);
  stage.end(0, () => false);
  await settled();
  expect(stage.started).toEqual(['s0', 's1', 's3', 's2']);
  for (let i = 0; i < 4; i += 1) {
    stage.end(0, () => false);
    await settled();
  }
  expect([...(await run).keys()].toSorted()).toEqual(['s0', 's1', 's2', 's3', 's4']);
});
