import { type PipelineInput, RunFailedError } from '../../client';
import { type Harness, startHarness, withFaults } from '../setup/harness';

let harness: Harness;
const faults: Record<string, string> = {};

beforeAll(async () => {
  harness = await startHarness({ deps: (provider) => ({ provider: withFaults(provider, faults) }) });
});
afterAll(() => harness.close());

async function runPipeline(input: PipelineInput) {
  const run = await harness.research.start(input);
  return { run, result: await run.result(), creates: await harness.creates(run.workflowId) };
}

const CHAIN: PipelineInput['steps'] = [
  { id: 'explain', prompt: 'Explain Paxos.' },
  { id: 'compare', prompt: 'Compare to Raft.' },
];

test('a chain of steps ends with a cited text and an account that adds up', async () => {
  const { result, creates } = await runPipeline({ steps: CHAIN });
  expect(result.outcome).toBe('completed');
  expect(result.text).toMatch(/Paxos/);
  expect(result.text).toMatch(/Raft/);
  expect(result.citations.length).toBeGreaterThan(0);
  expect(creates.map(({ metadata }) => metadata['step_id'])).toEqual(['explain', 'compare']);
  expect(result.steps['compare']?.responseIds).toEqual([creates[1]?.id]);
  expect(result.textFrom).toEqual([creates[1]?.id]);
  const { total, steps } = result.ledger;
  expect(total.creates).toBe(2);
  expect(total.usage.output).toBe((steps['explain']?.usage.output ?? 0) + (steps['compare']?.usage.output ?? 0));
  expect(total.usd).toBeGreaterThan(0);
  expect(result.ledger).toMatchObject({
    simulated: true,
    ambiguous: [],
    possiblyRunning: [],
    unpriced: [],
    reservedUsd: 0,
  });
});

test('independent steps run side by side, within maxParallel, and a later one sees all of them', async () => {
  const parallel = ['Paxos', 'Raft', 'Zab', 'PBFT'].map((topic) => ({
    id: topic,
    prompt: `Explain ${topic}.`,
    after: [],
  }));
  const { run, result, creates } = await runPipeline({
    steps: [
      ...parallel,
      { id: 'sum', prompt: 'Compare: {{steps.Paxos.text}}', context: { strategy: 'stateless', from: 'all' } },
    ],
    maxParallel: 2,
  });
  expect(result.outcome).toBe('completed');
  expect(creates).toHaveLength(5);
  const { steps } = await run.progress();
  const overlapping = steps
    .filter(({ id }) => id !== 'sum')
    .map(
      (step) =>
        steps.filter(
          (other) =>
            other.id !== 'sum' &&
            (other.startedAt ?? 0) <= (step.startedAt ?? 0) &&
            (other.endedAt ?? 0) > (step.startedAt ?? 0),
        ).length,
    );
  expect(Math.max(...overlapping)).toBe(2);
  const sum = creates.find(({ metadata }) => metadata['step_id'] === 'sum');
  expect(sum?.input_bytes).toBeGreaterThan(2_000);
});

test('structured output is parsed, and its fields stand in later prompts', async () => {
  const format = {
    type: 'object',
    properties: {
      title: { type: 'string' },
      questions: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 3 },
    },
    required: ['title', 'questions'],
    additionalProperties: false,
  };
  const { result } = await runPipeline({
    steps: [
      { id: 'plan', prompt: 'Plan questions on {{input.topic}}.', format },
      { id: 'answer', prompt: '{{steps.plan.json.questions.0}}' },
      { id: 'shape', prompt: 'Name the title again: {{steps.plan.json.title}}', format, after: ['answer'] },
    ],
    input: { topic: 'Raft leader election' },
  });
  expect(result.outcome).toBe('completed');
  expect(result.json).toEqual({ title: expect.any(String), questions: expect.any(Array) });
});

describe('a step without output', () => {
  test('is recorded with its reason, and its dependants are skipped', async () => {
    faults['refused'] = 'failed:invalid_prompt';
    const { result } = await runPipeline({
      steps: [
        { id: 'refused', prompt: 'x', after: [] },
        { id: 'dependent', prompt: 'y', context: { strategy: 'stateless', from: ['refused'] } },
        { id: 'independent', prompt: 'Explain Raft.', after: [] },
      ],
    });
    expect(result.outcome).toBe('partial');
    expect(result.steps).toMatchObject({
      refused: { outcome: 'failed', reason: expect.stringMatching(/^ContentRefused: .*invalid_prompt/) },
      dependent: { outcome: 'skipped', reason: 'needs "refused" (failed), and onMissing is "skip"' },
      independent: { outcome: 'completed' },
    });
  });

  test('becomes a note where the dependant asks for one', async () => {
    faults['lost'] = 'failed:invalid_prompt';
    const { result, creates } = await runPipeline({
      steps: [
        { id: 'lost', prompt: 'x' },
        {
          id: 'noted',
          prompt: 'Explain Raft. {{steps.lost.text}}',
          context: { strategy: 'stateless', from: ['lost'] },
          onMissing: 'note',
        },
      ],
    });
    expect(result).toMatchObject({ outcome: 'partial', steps: { noted: { outcome: 'completed' } } });
    const items = await inputItems(creates[1]?.id ?? '');
    expect(items.match(/step \\"lost\\" has no output/g)).toHaveLength(2);
  });

  test('fails the run when nothing is left, and the reasons are told', async () => {
    faults['only'] = 'failed:insufficient_quota';
    const run = await harness.research.start({ steps: [{ id: 'only', prompt: 'x' }] });
    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RunFailedError);
    expect(error).toMatchObject({
      failure: {
        type: 'NoOutput',
        message: expect.stringContaining('QuotaExhausted'),
        result: { outcome: 'failed', steps: { only: { outcome: 'failed' } } },
      },
    });
  });
});

test('a response that failed in a way that may pass is created anew, and both are paid', async () => {
  faults['shaky'] = 'failed:server_error*1';
  const { result, creates } = await runPipeline({ steps: [{ id: 'shaky', prompt: 'Explain Raft.' }] });
  expect(result.outcome).toBe('completed');
  expect(creates.map(({ status, metadata }) => [status, metadata['create']])).toEqual([
    ['failed', '1'],
    ['completed', '2'],
  ]);
  expect(result.steps['shaky']?.responseIds).toEqual(creates.map(({ id }) => id));
  expect(result.ledger.total.creates).toBe(2);
  expect(result.ledger.ambiguous).toEqual([]);
});

test('retries: 0 takes the first failure for the last', async () => {
  faults['once'] = 'failed:server_error';
  const run = await harness.research.start({ steps: [{ id: 'once', prompt: 'Explain Raft.', retries: 0 }] });
  await expect(run.result()).rejects.toMatchObject({ failure: { type: 'NoOutput' } });
  expect(await harness.creates(run.workflowId)).toHaveLength(1);
});

test('an incomplete output counts as missing unless it is accepted', async () => {
  const short = { prompt: 'Explain Raft.', maxOutputTokens: 40, reasoning: { effort: 'none' } };
  const { result } = await runPipeline({
    steps: [
      { id: 'strict', ...short },
      { id: 'lenient', ...short, after: [], acceptIncomplete: true },
      // All of its tokens go into reasoning: an empty answer is none, accepted or not.
      {
        id: 'empty',
        prompt: 'Explain Raft.',
        maxOutputTokens: 16,
        reasoning: { effort: 'high' },
        after: [],
        acceptIncomplete: true,
      },
    ],
  });
  expect(result.steps).toMatchObject({
    strict: { outcome: 'incomplete', reason: expect.stringContaining('max_output_tokens') },
    lenient: { outcome: 'incomplete' },
    empty: { outcome: 'incomplete' },
  });
  expect(result.textFrom).toEqual(result.steps['lenient']?.responseIds);
});

test('a create whose answer was lost is booked and repeated', async () => {
  faults['dropped'] = 'drop_after_accept*1';
  const { result, creates } = await runPipeline({ steps: [{ id: 'dropped', prompt: 'Explain Raft.' }] });
  expect(result.outcome).toBe('completed');
  expect(creates.map(({ metadata }) => metadata['create'])).toEqual(['1', '2']);
  expect(result.ledger.ambiguous).toEqual([
    expect.objectContaining({ stepId: 'dropped', turn: 1, create: 1, worstUsd: expect.any(Number) }),
  ]);
});

test('rate limits are waited out by Temporal: one create, no ambiguity', async () => {
  faults['limited'] = 'http_429:1*2';
  const { result, creates } = await runPipeline({ steps: [{ id: 'limited', prompt: 'Explain Raft.' }] });
  expect(result).toMatchObject({ outcome: 'completed', ledger: { ambiguous: [], total: { creates: 1 } } });
  expect(creates).toHaveLength(1);
});

test('a response past its deadline is stopped at the provider', async () => {
  faults['late'] = 'stuck';
  const run = await harness.research.start({ steps: [{ id: 'late', prompt: 'x', deadline: '1s' }] });
  await expect(run.result()).rejects.toMatchObject({
    failure: { result: { steps: { late: { reason: expect.stringMatching(/^DeadlineExceeded: response resp_/) } } } },
  });
  expect((await harness.creates(run.workflowId)).map(({ status }) => status)).toEqual(['cancelled']);
});

async function inputItems(responseId: string): Promise<string> {
  const answer = await fetch(`${harness.emulator.url}/responses/${responseId}/input_items?limit=100`, {
    headers: { authorization: 'Bearer test' },
  });
  return answer.text();
}
