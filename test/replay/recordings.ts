import { type PipelineInput, type RunHandle } from '../../client';
import { createProvider } from '../../openai';
import { createFileStore } from '../../store/files';
import { announceEnds } from '../../worker';
import { type Harness, type HarnessOptions, until } from '../setup/harness';

/** A run whose history is kept, and what happens to it meanwhile. */
export interface Recording {
  input: PipelineInput;
  /** Faults of the emulator by step. */
  faults?: Record<string, string>;
  setup?: HarnessOptions;
  during?: (run: RunHandle, harness: Harness) => Promise<void>;
}

const FORMAT = {
  type: 'object',
  properties: { title: { type: 'string' }, points: { type: 'array', items: { type: 'string' } } },
  required: ['title', 'points'],
  additionalProperties: false,
};
const explain = { id: 'explain', prompt: 'Explain Paxos.' };
const compare = { id: 'compare', prompt: 'Compare to Raft.' };

const FULL = { DURABLE_RESEARCH_BACKGROUND: 'full' };

export const RECORDINGS: Record<string, Recording> = {
  stateless: { input: { steps: [explain, compare] } },
  conversation: {
    input: { steps: [explain, compare], defaults: { context: { strategy: 'conversation' } } },
  },
  'previous-response': {
    input: { steps: [explain, { ...compare, context: { strategy: 'previous_response' } }] },
  },
  graph: {
    input: {
      input: { topic: 'consensus' },
      maxParallel: 2,
      steps: [
        { id: 'plan', prompt: 'Plan a comparison on {{input.topic}}.', format: FORMAT },
        ...['Paxos', 'Raft', 'Zab'].map((name) => ({ id: name, prompt: `Explain ${name}.`, after: ['plan'] })),
        {
          id: 'write',
          prompt: 'Write {{steps.plan.json.title}}.',
          context: { strategy: 'stateless', from: ['Paxos', 'Raft', 'Zab'] },
        },
      ],
    },
  },
  'failed-skipped-noted': {
    input: {
      steps: [
        { id: 'refused', prompt: 'x' },
        { id: 'skipped', prompt: 'y' },
        {
          id: 'noted',
          prompt: 'Explain Raft.',
          context: { strategy: 'stateless', from: ['refused'] },
          onMissing: 'note',
        },
      ],
    },
    faults: { refused: 'failed:invalid_prompt' },
  },
  'created-anew': { input: { steps: [explain] }, faults: { explain: 'failed:server_error*1' } },
  ambiguous: { input: { steps: [explain] }, faults: { explain: 'drop_after_accept*1' } },
  deadline: { input: { steps: [{ ...explain, deadline: '1s' }] }, faults: { explain: 'stuck' } },
  cancelled: {
    input: { steps: [explain, { ...compare, after: [] }] },
    faults: { explain: 'stuck', compare: 'stuck' },
    during: async (run, harness) => {
      await untilCreated(run, harness, 2);
      await run.cancel();
    },
  },
  stream: { input: { steps: [{ ...explain, wait: 'stream' }, compare] }, setup: { seconds: 2 } },
  'no-background-mode': { input: { steps: [explain, compare] }, setup: { emulator: { background: 'refuse' } } },
  'ignored-background': { input: { steps: [explain, compare] }, setup: { emulator: { background: 'ignore' } } },
  'forgotten-background': { input: { steps: [explain, compare] }, setup: { emulator: { background: 'forget' } } },
  'goes-on': {
    input: { steps: Array.from({ length: 8 }, (_, i) => ({ id: `c${i + 1}`, prompt: 'Go on.' })) },
    setup: { env: { ...FULL, DURABLE_RESEARCH_HISTORY_EVENTS: '20' } },
  },
  'room-for-more': {
    input: {
      input: { doc: 'a word '.repeat(60_000) },
      steps: ['a', 'b', 'c'].map((id) => ({ id, prompt: 'Sum up {{input.doc}}', after: [] })),
    },
    setup: { env: FULL },
  },
  'redacted-deleted': {
    input: {
      defaults: { redact: true, deleteRemoteAfter: 'run' },
      steps: [explain, { ...compare, deleteRemoteAfter: 'step' }],
    },
  },
  'stuck-in-queue': {
    input: {
      steps: [
        { ...explain, maxQueued: '1s', retries: 0 },
        { ...compare, after: [] },
      ],
    },
    faults: { explain: 'long_queue:3600' },
  },
  asked: {
    input: { steps: [explain], onAmbiguousCreate: 'ask' },
    faults: { explain: 'drop_after_accept*1' },
    during: async (run, harness) => {
      await until('a person is asked', async () => (await run.progress()).waitingFor.length > 0);
      const decision = { id: 'explain/1/create-1', approve: true };
      await harness.research.client.workflow
        .getHandle(run.workflowId)
        .executeUpdate('decideApproval', { args: [decision] });
    },
  },
  adopted: {
    input: { steps: [explain, compare] },
    faults: { explain: 'drop_after_accept*1' },
    setup: { env: { ...FULL, OPENAI_WEBHOOK_SECRET: 'whsec_c2VjcmV0IG9mIHRlc3Rz' }, seconds: 10 },
    during: async (run, harness) => {
      const [lost] = await untilCreated(run, harness, 2);
      await until(
        'the lost response has ended',
        async () => (await harness.creates(run.workflowId))[0]?.status === 'completed',
      );
      const provider = createProvider({ apiKey: 'test', baseURL: harness.emulator.url });
      const announceEnd = announceEnds(harness.research.client, { provider, store: createFileStore(harness.home) });
      await announceEnd(lost?.id ?? '');
    },
  },
};

function untilCreated({ workflowId }: RunHandle, harness: Harness, count: number) {
  return until(`${count} creates are accepted`, async () => {
    const creates = await harness.creates(workflowId);
    return creates.length === count && creates;
  });
}
