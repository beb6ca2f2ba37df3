import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { ResearchClient, type RunHandle } from '../../client';
import { type Ledger } from '../../contract/ledger';
import { type RunSpan } from '../../contract/spans';
import { type Emulator, startEmulator } from '../../emulator';
import { createProvider, ProviderError } from '../../openai';
import { createFileStore } from '../../store/files';
import { announceEnds } from '../../worker';
import { moveClock, required, startHarness, until, withFaults } from '../setup/harness';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../setup/otlp-receiver';
import { startWorkerProcess, type WorkerProcess } from '../setup/worker-process';

const HOUR_SECONDS = 3600;
const TASK_QUEUE = 'telemetry';

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(() => receiver.close());

function named(name: string, step?: string): ReceivedSpan[] {
  return receiver.spans.filter(
    ({ name: own, attributes }) => own === name && (step === undefined || attributes['durable_research.step'] === step),
  );
}

function only(name: string, step?: string): ReceivedSpan {
  const [span, ...more] = named(name, step);
  if (!span || more.length > 0) throw new Error(`expected one span ${name} of ${step}, got ${more.length + 1}`);
  return span;
}

/** What a span must tell of what was spent: what the account says. */
function spentOf({ usage, usd, creates }: Ledger['total']): Record<string, unknown> {
  return {
    'durable_research.creates': creates,
    'durable_research.usd': usd,
    'durable_research.tokens.input': usage.input,
    'durable_research.tokens.cached': usage.cached,
    'durable_research.tokens.output': usage.output,
    'durable_research.tokens.reasoning': usage.reasoning,
  };
}

function waiting(run: RunHandle, step: number): Promise<string> {
  return until(`step ${step} waits`, async () => {
    const { steps } = await run.progress();
    const pending = (await run.describe())?.raw.pendingActivities?.[0];
    return steps[step]?.state === 'in_progress' && pending?.attempt === 2 && steps[step].responseId;
  });
}

describe('a worker that is killed', () => {
  let home: string;
  let emulator: Emulator;
  let worker: WorkerProcess;
  let connection: Connection;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'durable-research-telemetry-'));
    emulator = await startEmulator({ dataDir: join(home, 'emulator'), seconds: HOUR_SECONDS });
    connection = await Connection.connect({ address: required('TEST_TEMPORAL_ADDRESS') });
    worker = await start();
  });
  afterEach(async () => {
    await worker.kill('SIGKILL');
    await connection.close();
    await emulator.close();
    await rm(home, { recursive: true, force: true });
  });

  function start(): Promise<WorkerProcess> {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=a%20secret',
      OTEL_SERVICE_NAME: 'reports',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    };
    return startWorkerProcess({ emulator, home, taskQueue: TASK_QUEUE, env });
  }

  test('leaves one trace behind, together with the next one', async () => {
    const client = new Client({ connection });
    const run = await new ResearchClient(client, TASK_QUEUE).start({
      steps: ['first', 'second', 'third'].map((id) => ({ id, prompt: 'Explain Raft.' })),
    });
    const announce = announceEnds(client, {
      provider: createProvider({ apiKey: 'test', baseURL: emulator.url }),
      store: createFileStore(home),
    });

    await waiting(run, 0);
    await moveClock(emulator, HOUR_SECONDS);
    const second = await waiting(run, 1);
    // Of the first step its create, its wait and itself, and the create of the second.
    await until('all that has ended is exported', async () => receiver.spans.length === 4);
    await worker.kill('SIGKILL');
    worker = await start();
    await moveClock(emulator, HOUR_SECONDS);
    expect(await announce(second)).toMatchObject({ outcome: 'completed', stepId: 'second' });
    await waiting(run, 2);
    await moveClock(emulator, HOUR_SECONDS);
    const { ledger, steps } = await run.result();
    await until('the run is exported', async () => named('pipeline').length === 1);

    const root = only('pipeline');
    expect(receiver.spans).toHaveLength(10);
    expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(10);
    expect(new Set(receiver.spans.map(({ service }) => service))).toEqual(new Set(['reports']));
    expect(receiver.headers[0]).toMatchObject({ 'x-api-key': 'a secret' });
    expect(root).toMatchObject({ parentSpanId: '', status: 0 });
    expect(root.attributes).toMatchObject({
      temporalWorkflowID: run.workflowId,
      'durable_research.outcome': 'completed',
      'durable_research.ambiguous_creates': 0,
      ...spentOf(ledger.total),
    });
    for (const [id, { responseIds }] of Object.entries(steps)) {
      const [step, create, wait] = [only(`step ${id}`), only('create', id), only('wait', id)];
      expect([step, create, wait].map(({ parentSpanId }) => parentSpanId)).toEqual([
        root.spanId,
        step.spanId,
        step.spanId,
      ]);
      expect(step.attributes).toMatchObject({
        'durable_research.outcome': 'completed',
        'gen_ai.response.id': responseIds[0],
        ...spentOf(ledger.steps[id]!),
      });
      expect(create.attributes).toMatchObject({ 'gen_ai.response.id': responseIds[0], 'durable_research.create': 1 });
      expect(wait.attributes).toMatchObject({
        'gen_ai.response.id': responseIds[0],
        'gen_ai.usage.output_tokens': ledger.steps[id]!.usage.output,
        'durable_research.usd': ledger.steps[id]!.usd,
        'durable_research.waited_ms': wait.endMs - wait.startMs,
        'durable_research.announced_by': id === 'second' ? 'webhook' : 'watcher',
      });
      expect(step.startMs).toBeLessThanOrEqual(create.startMs);
      expect(step.endMs).toBeGreaterThanOrEqual(wait.endMs);
    }
    expect(worker.log.join('\n')).not.toMatch(/sink|secret/i);
  });
});

test('what fails is told by the name of its failure, and by nothing that was said', async () => {
  const told: RunSpan[] = [];
  const sinks = { durableResearch: { spanEnded: { fn: (_: unknown, span: RunSpan) => void told.push(span) } } };
  const harness = await startHarness({
    seconds: 0.05,
    worker: { worker: { sinks } },
    deps: (provider) => ({
      traces: true,
      provider: withFaults(provider, { lost: 'drop_after_accept*1', broken: 'failed:server_error' }),
    }),
  });
  const run = await harness.research.start({
    steps: [
      { id: 'lost', prompt: 'Explain Raft.', after: [] },
      { id: 'broken', prompt: 'Say the secret word.', retries: 0, after: [] },
      { id: 'never', prompt: 'Go on.', after: ['broken'] },
    ],
  });
  const { ledger } = await run.result();
  await harness.close();

  const byId = Object.fromEntries(told.map((span) => [span.id.replace(/resp_\w+/, 'ID'), span]));
  expect(ledger.ambiguous).toHaveLength(1);
  expect(byId).toMatchObject({
    'create/lost/1/1/': { failure: 'CreateAmbiguous', parent: 'step/lost' },
    'create/lost/1/2/ID': { attributes: { 'durable_research.create': 2 } },
    'step/lost': {
      attributes: {
        'durable_research.outcome': 'completed',
        'durable_research.ambiguous_creates': 1,
        ...spentOf(ledger.steps['lost']!),
      },
    },
    'step/broken': { failure: 'ResponseFailed', attributes: { 'durable_research.outcome': 'failed' } },
    'step/never': { attributes: { 'durable_research.outcome': 'skipped' } },
    run: {
      attributes: {
        'durable_research.outcome': 'partial',
        'durable_research.ambiguous_creates': 1,
        ...spentOf(ledger.total),
      },
    },
  });
  expect(told.filter(({ id }) => id.startsWith('wait/')).map(({ failure }) => failure)).toEqual(
    expect.arrayContaining([undefined, 'ResponseFailed']),
  );
  expect(JSON.stringify(told)).not.toContain('secret word');
});

test('a rate limit is a reason of the step, not a trouble of the run', async () => {
  let refused = 0;
  const harness = await startHarness({
    seconds: 0.05,
    deps: (provider) => ({
      provider: {
        ...provider,
        createResponse: (body, timeoutMs) =>
          (refused += 1) === 1
            ? Promise.reject(new ProviderError('RateLimited', 'slow down', 3_000))
            : provider.createResponse(body, timeoutMs),
      },
    }),
  });
  try {
    const run = await harness.research.start({ steps: [{ id: 'explain', prompt: 'Explain Raft.' }] });
    const [held] = await until('the step is held back', async () => {
      const seen = await run.heldBack();
      return seen.length > 0 && seen;
    });
    expect(held).toEqual({ stepId: 'explain', by: "the provider's rate limit", nextTryAt: expect.any(Number) });
    const troubles: string[] = [];
    for await (const event of run.follow({ intervalMs: 50 })) {
      if (event.kind === 'progress') troubles.push(...event.troubles, ...event.progress.warnings);
    }
    expect({ troubles, outcome: (await run.result()).outcome }).toEqual({ troubles: [], outcome: 'completed' });
    expect(await run.heldBack()).toEqual([]);
  } finally {
    await harness.close();
  }
});
