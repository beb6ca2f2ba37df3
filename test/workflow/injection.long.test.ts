import { until } from '../setup/harness';
import { type RunHandle } from '../../client';
import { type Attempt } from './injection/attempt';
import { ATTEMPTS } from './injection/attempts';
import { API_KEY, INSTRUCTIONS, type Seen, slug, World } from './injection/world';

/**
 * The model obeys every text that it reads: what stops an attempt is the engine alone. Each attempt must have been made,
 * or its test proves nothing. A few runs are under way at a time, those of the next tests.
 */
const AT_ONCE = 8;
jest.setTimeout(180_000);

let world: World;
/** Not begun before the one eight places before it has ended. */
let runs: Map<string, Promise<RunHandle>>;

beforeAll(async () => {
  world = await World.start(ATTEMPTS);
  await world.script(ATTEMPTS);
  const started: Promise<RunHandle>[] = [];
  for (const [place, attempt] of ATTEMPTS.entries()) started.push(startAfter(started[place - AT_ONCE], attempt));
  runs = new Map(ATTEMPTS.map(({ name }, place) => [name, started[place]!]));
});
afterAll(async () => {
  await world.stop();
});

test.each(ATTEMPTS.map((attempt) => [attempt.name, attempt] as const))('%s', async (name, attempt) => {
  const run = await runs.get(name)!;
  if (attempt.asks) await rejectAll(run, attempt.asks, attempt.reason);
  const seen = await world.see(run);
  expect(seen.said).toContainEqual(expect.stringMatching(attempt.tries));
  expect(seen.effects).toEqual(attempt.effects ?? []);
  expect({ told: seen.told, wanted: wanting(seen, attempt) }).toMatchObject({ wanted: undefined });
  const { outcome, reason } = seen.result.steps['a']!;
  expect(reason?.split(':')[0] ?? outcome).toBe(attempt.ends ?? 'completed');
  expect(JSON.stringify([...seen.sent])).not.toContain(API_KEY);
  for (const body of seen.sent.values()) {
    expect(body).toMatchObject({ instructions: INSTRUCTIONS, metadata: { workflow_id: slug(name) } });
    expect(KINDS).toEqual(
      expect.arrayContaining(body.input.map(({ type, role }) => (type === 'message' ? role : type))),
    );
  }
  await attempt.holds?.(seen);
});

async function startAfter(before: Promise<RunHandle> | undefined, attempt: Attempt): Promise<RunHandle> {
  // How it ends is its own test's.
  await (await before)?.result().catch(() => undefined);
  return world.start(attempt);
}

/** Of a request's items: none of them speaks for a developer. */
const KINDS = ['user', 'assistant', 'function_call', 'function_call_output'];

/** What the model must have been told, and was not. */
function wanting({ told }: Seen, { told: wanted }: Attempt): RegExp | undefined {
  return told.some((text) => wanted?.test(text)) ? undefined : wanted;
}

test('nothing inside was connected to', () => {
  expect(world.intrusions).toBe(0);
});

/** A person is asked in words that hide nothing, and only a person decides. */
async function rejectAll(run: RunHandle, asks: RegExp, reason?: string): Promise<void> {
  const [waiting] = await until('a person is asked', async () => {
    const { approvals } = await run.progress();
    return approvals.length > 0 && approvals;
  });
  expect(waiting?.id).toMatch(asks);
  expect(`${waiting?.question} ${waiting?.detail}`).toMatch(/^[\x20-\x7e]+"usd":(?:9|90000)[\x20-\x7e]*\}$/);
  const handle = world.harness.research.client.workflow.getHandle(run.workflowId);
  const decide = (id: string, approve: boolean): Promise<unknown> =>
    handle.executeUpdate('decideApproval', { args: [{ id, approve, ...(reason && { reason }) }] });
  await expect(decide('b/1/call_1', true)).rejects.toMatchObject({
    cause: { message: expect.stringMatching(/nothing waits for a decision under "b\/1\/call_1"/) },
  });
  await decide(waiting?.id ?? '', false);
}
