import { type PipelineResult, type Progress, RunFailedError, type RunHandle } from '../../client';
import { type CountedCreate, type Harness, startHarness, withFaults } from '../setup/harness';

/** One step, and the plan of faults that it meets. */
interface Row {
  fault: string;
  step?: Record<string, unknown>;
  /** How the step ends, and the reason it gives. */
  outcome: 'completed' | 'failed' | 'incomplete';
  reason?: RegExp;
  /** How its responses stand at the provider, in the order of their creates. Default: one that completed. */
  creates?: string[];
  /** How long the step takes at least. */
  leastMs?: number;
  /** Entries of the account that are not usage: how many, of each kind. */
  doubts?: Partial<Record<'ambiguous' | 'possiblyRunning' | 'costUnknown', number>>;
}

const NEVER: string[] = [];
/** Stopped a second after its create. */
const QUEUED = { maxQueued: '1s', retries: 0 };
/** Long enough for a create on a busy machine. */
const DEADLINE = { deadline: '8s', maxQueued: '1s' };
const FORMAT = {
  type: 'object',
  properties: { title: { type: 'string' } },
  required: ['title'],
  additionalProperties: false,
};
const CONVERSATION = { context: { strategy: 'conversation' } };

const ROWS: Row[] = [
  // Begun first: only the deadline ends them.
  {
    fault: 'stuck_in_progress',
    step: DEADLINE,
    outcome: 'failed',
    reason: /^DeadlineExceeded: response resp_\w+ of step "\w+" had not ended at the step's deadline/,
    creates: ['cancelled'],
    doubts: { costUnknown: 1 },
  },
  {
    fault: 'http_503:7200',
    step: DEADLINE,
    outcome: 'failed',
    reason: /^DeadlineExceeded: /,
    creates: NEVER,
    doubts: { ambiguous: 1 },
  },
  // The deadline bounds the wait that the header asks for, and its look finds what has long been there.
  {
    fault: 'http_503:7200@retrieve*1',
    step: DEADLINE,
    outcome: 'completed',
    leastMs: 7_000,
  },
  {
    fault: 'conversation_locked',
    step: { ...CONVERSATION, ...DEADLINE },
    outcome: 'failed',
    reason:
      /^DeadlineExceeded: no time is left for another attempt before the deadline of step "\w+": .*conversation_locked/,
    creates: NEVER,
  },
  { fault: 'ok', outcome: 'completed' },
  { fault: 'obedient', outcome: 'completed' },

  // It does not end.
  {
    fault: 'stuck',
    step: QUEUED,
    outcome: 'failed',
    reason: /^ResponseStuck: response resp_\w+ of step "\w+" was still queued after \d+ s, more than its "maxQueued"/,
    creates: ['cancelled'],
    doubts: { costUnknown: 1 },
  },
  {
    fault: 'stuck*1',
    step: { maxQueued: '1s' },
    outcome: 'completed',
    creates: ['cancelled', 'completed'],
    doubts: { costUnknown: 1 },
  },
  { fault: 'long_queue:1', outcome: 'completed' },
  {
    fault: 'stuck;cancel_lag:1',
    step: QUEUED,
    outcome: 'failed',
    reason: /^ResponseStuck: /,
    creates: ['cancelled'],
    doubts: { costUnknown: 1 },
  },
  // It completes before the provider heeds the cancel: what is finished is used.
  { fault: 'long_queue:2;cancel_lag:60', step: QUEUED, outcome: 'completed' },
  {
    fault: 'stuck;http_500@cancel*1',
    step: QUEUED,
    outcome: 'failed',
    reason: /^ResponseStuck: /,
    creates: ['cancelled'],
    doubts: { costUnknown: 1 },
  },
  {
    fault: 'stuck;http_400:odd_code@cancel',
    step: { maxQueued: '1s' },
    outcome: 'failed',
    reason: /^ResponseStuck: /,
    creates: ['queued'],
    doubts: { possiblyRunning: 1 },
  },

  // What is read of it is not what it is.
  { fault: 'stale:2', outcome: 'completed' },
  {
    fault: 'stale',
    step: { maxQueued: '1s' },
    outcome: 'failed',
    reason: /^ResponseStuck: /,
    // It may have completed and be paid: it is not created anew.
    creates: ['completed'],
    doubts: { possiblyRunning: 1 },
  },
  { fault: 'not_found*2', outcome: 'completed' },
  {
    fault: 'not_found',
    outcome: 'failed',
    reason: /^ResponseLost: could not read resp_\w+ at \S+: Response with id/,
    doubts: { costUnknown: 1 },
  },
  {
    fault: 'expires:0',
    outcome: 'failed',
    reason: /^ResponseLost: /,
    creates: ['deleted'],
    doubts: { costUnknown: 1 },
  },

  // It ends badly.
  { fault: 'failed*1', outcome: 'completed', creates: ['failed', 'completed'], doubts: { costUnknown: 1 } },
  {
    fault: 'failed:nobody_listed_this',
    step: { retries: 0 },
    outcome: 'failed',
    reason: /^ResponseFailed: response resp_\w+ failed: .* \(nobody_listed_this\)$/,
    creates: ['failed'],
    doubts: { costUnknown: 1 },
  },
  {
    fault: 'incomplete:content_filter',
    outcome: 'incomplete',
    reason: /^ContentRefused: /,
    creates: ['incomplete'],
  },
  {
    fault: 'incomplete:max_output_tokens',
    outcome: 'incomplete',
    reason: /^ResponseIncomplete: .*raise "maxOutputTokens"/,
    creates: ['incomplete'],
  },
  {
    fault: 'empty_output',
    outcome: 'failed',
    reason: /^ResponseFailed: response resp_\w+ completed with empty output$/,
    creates: ['completed', 'completed'],
  },
  { fault: 'empty_output*1', outcome: 'completed', creates: ['completed', 'completed'] },
  {
    fault: 'empty_output',
    step: { format: FORMAT, retries: 0 },
    outcome: 'failed',
    reason: /^ResponseFailed: response resp_\w+ completed with empty output$/,
  },
  { fault: 'usage_null', outcome: 'completed', doubts: { costUnknown: 1 } },

  // Its create is refused, or its answer is lost.
  { fault: 'conversation_locked*1', step: CONVERSATION, outcome: 'completed' },
  { fault: 'drop_before_accept*1', outcome: 'completed', doubts: { ambiguous: 1 } },
  {
    fault: 'drop_after_accept*1',
    outcome: 'completed',
    creates: ['completed', 'completed'],
    doubts: { ambiguous: 1 },
  },
  { fault: 'html*1', outcome: 'completed', doubts: { ambiguous: 1 } },
  { fault: 'http_500*1', outcome: 'completed', doubts: { ambiguous: 1 } },
  // Without its header the next create would follow after one second.
  { fault: 'http_503:3*1', outcome: 'completed', doubts: { ambiguous: 1 }, leastMs: 3_000 },
  { fault: 'http_409*1', outcome: 'completed' },
  { fault: 'http_429:1*2', outcome: 'completed' },
  {
    fault: 'http_429:7200',
    step: { deadline: '59s' },
    outcome: 'failed',
    reason:
      /^DeadlineExceeded: no time is left .*\(429, rate_limit_exceeded.*it asks for 7200 s and is asked again after 60 s/,
    creates: NEVER,
  },
  {
    fault: 'http_429:insufficient_quota',
    outcome: 'failed',
    reason: /^QuotaExhausted: .*add credit/,
    creates: NEVER,
  },
  {
    fault: 'http_418:nobody_listed_this',
    outcome: 'failed',
    reason: /^InvalidRequest: .*\(418, nobody_listed_this/,
    creates: NEVER,
  },
  { fault: 'http_403', outcome: 'failed', reason: /^Unauthorized: .*OPENAI_API_KEY/, creates: NEVER },

  // An answer is slow or broken.
  { fault: 'latency', outcome: 'completed' },
  { fault: 'slow_body:1', outcome: 'completed' },
  { fault: 'drop_in_body*1', outcome: 'completed' },
  { fault: 'malformed_json*1', outcome: 'completed' },
  ...['drop_before_accept', 'drop_in_body', 'malformed_json', 'html:404', 'html:200', 'http_500', 'latency'].map(
    (name): Row => ({ fault: `${name}@retrieve*2`, outcome: 'completed' }),
  ),
  // What cannot be read for a reason that nobody knows had completed, as its cancel says.
  { fault: 'latency;http_418:nobody_listed_this@retrieve*1', outcome: 'completed' },
  {
    fault: 'stuck;http_418:nobody_listed_this@retrieve*1',
    outcome: 'failed',
    reason: /^InvalidRequest: could not read resp_\w+ .*\(418, nobody_listed_this/,
    creates: ['cancelled'],
    doubts: { costUnknown: 1 },
  },
  ...['http_500', 'html', 'drop_after_accept', 'malformed_json'].map((name): Row => ({
    fault: `${name}@conversations*1`,
    step: CONVERSATION,
    outcome: 'completed',
  })),
  { fault: 'http_500:1ms@any*2', outcome: 'completed', doubts: { ambiguous: 2 } },

  // Its stream breaks off, which only a step that asked for one notices.
  ...['stream_not_found', 'stream_dropped*1', 'stream_error*1', 'stream_error:flat*1', 'latency@resume'].map(
    (fault): Row => ({ fault, step: { wait: 'stream' }, outcome: 'completed' }),
  ),
];

type Ended = { result: PipelineResult; creates: CountedCreate[]; progress: Progress };

let harness: Harness;
let ended: Map<string, Ended>;
const faults = Object.fromEntries(ROWS.map(({ fault }, index) => [idOf(index), fault]));

function idOf(index: number): string {
  return `fault${index}`;
}

beforeAll(async () => {
  harness = await startHarness({ deps: (provider) => ({ provider: withFaults(provider, faults) }) });
  const steps = ROWS.map(({ step }, index) => ({ id: idOf(index), prompt: 'Explain Raft.', after: [], ...step }));
  // Steps of one conversation do not run side by side.
  const [together, alone] = [steps.filter((step) => !('context' in step)), steps.filter((step) => 'context' in step)];
  const runs = [together, ...alone.map((step) => [step])];
  ended = new Map((await Promise.all(runs.map(runSteps))).flat());
}, 120_000);
afterAll(() => harness.close());

async function runSteps(steps: { id: string; prompt: string }[]): Promise<[string, Ended][]> {
  const run = await harness.research.start({ steps, maxParallel: 30 });
  const result = await resultOf(run);
  const end = { result, creates: await harness.creates(run.workflowId), progress: await run.progress() };
  return steps.map(({ id }) => [id, end]);
}

/** Of a run without any output too: its failure carries the account. */
async function resultOf(run: RunHandle): Promise<PipelineResult> {
  try {
    return await run.result();
  } catch (error) {
    if (!(error instanceof RunFailedError) || !error.failure.result) throw error;
    return error.failure.result;
  }
}

test.each(ROWS.map((row, index) => [row.fault, row, idOf(index)] as const))(
  '%s ends as its page says',
  (_name, row, id) => {
    const { result, creates, progress } = ended.get(id)!;
    const step = result.steps[id];
    expect(step?.reason ?? '').toMatch(row.reason ?? /^$/);
    expect(step?.outcome).toBe(row.outcome);
    const own = creates.filter(({ metadata }) => metadata['step_id'] === id);
    expect(own.map(({ status }) => status)).toEqual(row.creates ?? ['completed']);
    const { startedAt = 0, endedAt = 0 } = progress.steps.find((seen) => seen.id === id) ?? {};
    expect(endedAt - startedAt).toBeGreaterThanOrEqual(row.leastMs ?? 0);

    const ofStep = <T extends { stepId: string }>(entries: T[]): T[] => entries.filter(({ stepId }) => stepId === id);
    const ambiguous = ofStep(result.ledger.ambiguous);
    const possiblyRunning = ofStep(result.ledger.possiblyRunning);
    const costUnknown = ofStep(result.ledger.costUnknown);
    const doubts = [...ambiguous, ...possiblyRunning, ...costUnknown];
    const counts = {
      ambiguous: ambiguous.length,
      possiblyRunning: possiblyRunning.length,
      costUnknown: costUnknown.length,
    };
    expect(counts).toEqual({ ambiguous: 0, possiblyRunning: 0, costUnknown: 0, ...row.doubts });
    expect(result.ledger.reservedUsd).toBe(0);
    // What is in doubt is bounded, and never free.
    for (const { worstUsd } of doubts) expect(worstUsd).toBeGreaterThan(0);
    // What completed and was told of is booked.
    const known = own.filter(({ status }) => status === 'completed').length > doubts.length;
    expect(step?.usage.output).toBeGreaterThanOrEqual(known ? 1 : 0);
  },
);
