import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { z } from 'zod';
import { pipelineResultSchema } from '../../contract/pipeline';
import { NativeCluster, plainEnvironment, ROOT, type Addresses } from './native-cluster';

const run = promisify(execFile);
/** The first time, the server and its tools are built from Go modules. */
const FIRST_START_MS = 30 * 60_000;
const SECONDS_OF_30_DAYS = 30 * 24 * 60 * 60;

const createsSchema = z.object({ data: z.array(z.object({ id: z.string(), status: z.string() })) });

let cluster: NativeCluster;
let at: Addresses;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  ({ cluster, addresses: at } = await NativeCluster.start());
  connection = await Connection.connect({ address: at.temporal });
  client = new Client({ connection, namespace: at.namespace });
}, FIRST_START_MS);

afterAll(async () => {
  await connection?.close();
  if (!cluster) return;
  const code = await cluster.stop();
  if (code !== 0) throw new Error(`the cluster's script ended with ${code} after SIGINT; expected 0`);
  if (existsSync(at.directory)) throw new Error(`the cluster left ${at.directory} behind`);
}, 120_000);

/** What the emulator was asked to create for one run. */
async function createsOf(workflowId: string): Promise<string[]> {
  const filter = new URLSearchParams({ 'metadata[workflow_id]': workflowId });
  const response = await fetch(`${at.emulator}/emulator/creates?${filter.toString()}`);
  return createsSchema.parse(await response.json()).data.map(({ id }) => id);
}

function startPipeline(workflowId: string, ids: string[]): Promise<WorkflowHandle> {
  const steps = ids.map((id) => ({ id, prompt: `Explain Paxos, part ${id}.` }));
  return client.workflow.start('pipeline', { workflowId, taskQueue: at.taskQueue, args: [{ steps }] });
}

/** Settles when the run waits for a response whose id is in its history: `await:<response id>` has looked once. */
async function untilWaiting(handle: WorkflowHandle): Promise<void> {
  for (;;) {
    const { raw } = await handle.describe();
    const waits = raw.pendingActivities?.filter(({ activityId }) => activityId?.startsWith('await:')) ?? [];
    if (waits.some(({ attempt }) => Number(attempt) > 1)) return;
    await sleep(50);
  }
}

/** Result of a run, asked for again while the server is away. */
async function resultOf(handle: WorkflowHandle): Promise<z.infer<typeof pipelineResultSchema>> {
  for (;;) {
    try {
      return pipelineResultSchema.parse(await handle.result());
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ServiceError') throw error;
      await sleep(250);
    }
  }
}

function workerHealth(taskQueue: string): Promise<unknown> {
  const env = { ...plainEnvironment(), TEMPORAL_ADDRESS: at.temporal, TEMPORAL_TASK_QUEUE: taskQueue };
  return run(process.execPath, [path.join(ROOT, 'deploy/worker/health.js')], { env });
}

test('the namespace keeps closed runs for 30 days', async () => {
  const { config } = await connection.workflowService.describeNamespace({ namespace: at.namespace });
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(SECONDS_OF_30_DAYS);
});

test('a pipeline started with plain JSON runs to its end with one create a step', async () => {
  const handle = await client.workflow.start('pipeline', {
    workflowId: 'two-steps',
    taskQueue: at.taskQueue,
    args: [
      {
        steps: [
          { id: 'explain', prompt: 'Explain Paxos.' },
          { id: 'compare', prompt: 'Compare to Raft.' },
        ],
      },
    ],
  });
  const result = await resultOf(handle);
  expect(result.outcome).toBe('completed');
  expect(result.text).toMatch(/Raft/);
  const creates = await createsOf('two-steps');
  expect(creates).toHaveLength(2);
  expect(
    Object.values(result.steps)
      .flatMap(({ responseIds }) => responseIds)
      .toSorted(),
  ).toEqual(creates.toSorted());
});

test.each([
  ['temporal', 'SIGKILL'],
  ['postgres', 'SIGKILL'],
  ['emulator', 'SIGKILL'],
  ['worker', 'SIGKILL'],
  ['worker', 'SIGTERM'],
] as const)('a run goes on after %s got %s, and no step is created twice', async (service, signal) => {
  const handle = await startPipeline(`${service}-${signal}`, ['one', 'two', 'three']);
  await untilWaiting(handle);
  await cluster.end(service, signal);
  const result = await resultOf(handle);
  expect(result.outcome).toBe('completed');
  expect(await createsOf(handle.workflowId)).toHaveLength(3);
});

test("the worker's health check tells whether a worker of this host polls the task queue", async () => {
  await expect(workerHealth(at.taskQueue)).resolves.toBeDefined();
  await expect(workerHealth('nobody-polls-this')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^unhealthy: no worker of host .* polls task queue nobody-polls-this /),
  });
});

test('the UI serves the runs of the namespace', async () => {
  const response = await fetch(`${at.ui}/api/v1/namespaces/${at.namespace}/workflows`);
  expect(await response.text()).toContain('two-steps');
});

test('the namespace is set up again without harm, as each `up` of the compose file does', async () => {
  const env = { ...plainEnvironment(), TEMPORAL_CLI: at.cli, TEMPORAL_ADDRESS: at.temporal };
  const script = path.join(ROOT, 'deploy/temporal/create-namespace.sh');
  const { stdout } = await run('/bin/sh', [script], { env: { ...env, TEMPORAL_NAMESPACE: at.namespace } });
  expect(stdout).toMatch(/update succeeded/);
});

test('without a program that must be installed the script says what to install and ends as skipped', async () => {
  const empty = mkdtempSync(path.join(os.tmpdir(), 'durable-research-no-go-'));
  const env = { PATH: empty, HOME: empty, XDG_CACHE_HOME: empty };
  const script = run(process.execPath, [path.join(ROOT, 'scripts/cluster/run-native.js')], { env });
  await expect(script).rejects.toMatchObject({ code: 77, stderr: expect.stringMatching(/skipped: .* is missing/) });
  rmSync(empty, { recursive: true });
});
