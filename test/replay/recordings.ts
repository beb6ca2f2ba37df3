import { join } from 'node:path';
import { z } from 'zod';
import { type PipelineInput, type RunHandle } from '../../client';
import { type ScriptInput } from '../../emulator/script/schema';
import { createProvider } from '../../openai';
import { createFileStore } from '../../store/files';
import { defineTool, registerTools } from '../../tools';
import { announceEnds } from '../../worker';
import { type Harness, type HarnessOptions, until } from '../setup/harness';
import { payTool } from '../setup/pay-tool';

/** A run whose history is kept, and what happens to it meanwhile. */
export interface Recording {
  input: PipelineInput;
  /** What the first turn of a step asks to be called, by step. */
  calls?: Record<string, { name: string; arguments: Record<string, unknown>; call_id: string }[]>;
  /** Whether a receiver is told of the run. */
  notifies?: true;
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
const last = { id: 'last', prompt: 'Sum up.' };

/** Registered at the worker of every recording. */
export const TOOLS = registerTools([
  defineTool({
    name: 'weather',
    description: 'The weather of a city.',
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => ({ city, sky: 'clear' }),
  }),
  payTool({ idempotent: false }),
]);

const OSLO = { name: 'weather', arguments: { city: 'Oslo' }, call_id: 'call_oslo' };
const ROME = { name: 'weather', arguments: { city: 'Rome' }, call_id: 'call_rome' };
const NOTE = { name: 'notes__add_note', arguments: { text: 'Raft' }, call_id: 'call_note' };
const PAY = { name: 'pay', arguments: { amount: 7 }, call_id: 'call_pay' };

/** Emulator's script where calls are asked for: by the first turn of their steps; every other turn answers. */
export function scriptOf({ input, calls }: Recording): ScriptInput['steps'] {
  if (!calls) return [];
  return input.steps.flatMap(({ id }) => {
    const asked = calls[id];
    const answer = { text: 'Clear.' };
    if (!asked) return [{ expect: on(id, '1'), answer }];
    return [
      { expect: on(id, '1'), answer: { function_calls: asked } },
      { expect: on(id, '2'), answer },
    ];
  });
}

function on(stepId: string, turn: string) {
  return { metadata: { step_id: { equals: stepId }, turn: { equals: turn } } };
}

/** An MCP server of the worker, whose effects nobody keeps. */
const NOTES = {
  command: process.execPath,
  args: [join(__dirname, '../fixtures/mcp-server.js')],
  env: { NOTES_EFFECTS: '/dev/null' },
  allowedTools: ['add_note'],
};

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
      await decideWhenAsked(run, harness, { id: 'explain/1/create-1', approve: true });
    },
  },
  tools: {
    input: { steps: [{ ...explain, tools: ['weather'] }, compare] },
    calls: { explain: [OSLO, ROME] },
  },
  approved: {
    input: { steps: [{ ...explain, tools: ['weather', 'pay'] }, compare] },
    calls: { explain: [OSLO, PAY] },
    during: (run, harness) => decideWhenAsked(run, harness, { id: 'explain/1/call_pay', approve: true }),
  },
  rejected: {
    input: { steps: [{ ...explain, tools: ['pay'] }, compare] },
    calls: { explain: [PAY] },
    during: (run, harness) =>
      decideWhenAsked(run, harness, { id: 'explain/1/call_pay', approve: false, reason: 'too much' }),
  },
  'asked-beyond': {
    input: { steps: [explain, { ...compare, tools: ['pay'] }, last] },
    calls: { compare: [PAY] },
    setup: { env: { ...FULL, DURABLE_RESEARCH_HISTORY_EVENTS: '20' } },
    during: async (run, harness) => {
      await until('the run goes on in a new execution', async () => {
        const { raw } = await harness.research.client.workflow.getHandle(run.workflowId).describe();
        const { runId, firstRunId } = { ...raw.workflowExecutionInfo?.execution, ...raw.workflowExecutionInfo };
        return runId !== firstRunId;
      });
      await decideWhenAsked(run, harness, { id: 'compare/1/call_pay', approve: true });
    },
  },
  'told-and-late': {
    input: {
      steps: [{ ...explain, tools: ['pay'], approval: { within: '1s', otherwise: 'approve' } }, compare],
    },
    calls: { explain: [PAY] },
    notifies: true,
  },
  steered: {
    input: { steps: [{ ...explain, tools: ['pay'] }, compare] },
    calls: { explain: [PAY] },
    during: async (run, harness) => {
      await until('a person is asked', async () => (await run.progress()).approvals.length > 0);
      await run.steer({ instruction: 'Leave prices out.' });
      await decideWhenAsked(run, harness, { id: 'explain/1/call_pay', approve: true });
    },
  },
  'finished-early': {
    input: { steps: [explain, { ...compare, after: ['explain'] }, { id: 'extra', prompt: 'Go on.' }, last] },
    faults: { compare: 'stuck' },
    during: async (run) => {
      await until('the second step waits', async () => (await run.progress()).steps[1]?.responseId);
      await run.finishNow({ running: 'cancel' });
    },
  },
  'finished-at-work': {
    input: {
      steps: [
        { ...explain, tools: ['pay'] },
        { id: 'extra', prompt: 'Go on.' },
        { ...last, after: ['explain'] },
      ],
      budget: { usd: 10 },
    },
    calls: { explain: [PAY] },
    during: async (run) => {
      await until('a person is asked', async () => (await run.progress()).approvals.length > 0);
      await run.finishNow();
    },
  },
  'limited-fair': {
    input: { steps: [explain, compare], priority: 2, fairnessKey: 'acme', fairnessWeight: 2 },
    setup: { env: { DURABLE_RESEARCH_REQUESTS_PER_MINUTE: '6000' } },
  },
  mcp: {
    input: { steps: [{ ...explain, tools: ['mcp:notes/add_note'] }, compare] },
    calls: { explain: [NOTE] },
    setup: { worker: { mcpServers: { notes: NOTES } } },
  },
  'budget-raised': {
    input: { steps: [explain, compare], budget: { usd: 0.001 } },
    during: async (run, harness) => {
      await until('the run is paused', async () => (await run.progress()).stage === 'paused');
      await harness.research.client.workflow
        .getHandle(run.workflowId)
        .executeUpdate('raiseBudget', { args: [{ usd: 10 }] });
    },
  },
  'budget-steered': {
    input: { steps: [explain, compare], budget: { usd: 0.001 } },
    during: async (run) => {
      await until('the run is paused', async () => (await run.progress()).stage === 'paused');
      await run.steer({ instruction: 'Leave prices out.' });
      await run.raiseBudget({ usd: 10 });
    },
  },
  'budget-stopped': {
    input: {
      steps: [
        { ...explain, maxOutputTokens: 500 },
        { ...compare, after: [] },
      ],
      budget: { usd: 0.02, onExhausted: 'stop' },
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

type Decision = { id: string; approve: boolean; reason?: string };

async function decideWhenAsked(run: RunHandle, { research }: Harness, decision: Decision) {
  await until('a person is asked', async () => (await run.progress()).approvals.length > 0);
  await research.client.workflow.getHandle(run.workflowId).executeUpdate('decideApproval', { args: [decision] });
}
