import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { Webhook } from 'standardwebhooks';
import { ResearchClient, type RunHandle } from '../../client';
import { type Emulator, startEmulator } from '../../emulator';
import { choosePort } from '../../local/ports';
import { admin } from '../emulator/helpers';
import { moveClock, required, startHarness, until } from '../setup/harness';
import { startHoldingProxy } from '../setup/holding-proxy';
import { killProcess, type Started, startProcess } from '../setup/processes';

const HOUR_SECONDS = 3600;
/** Runs that are open while workers are rolled. */
const OPEN = 50;
/** The same where they are pinned; fewer, since nothing passes from one build to the other. */
const PINNED = 10;

let home: string;
let connection: Connection;
const started: Started[] = [];
const servers: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'durable-research-deploy-'));
  connection = await Connection.connect({ address: required('TEST_TEMPORAL_ADDRESS') });
});
afterAll(async () => {
  await Promise.all(started.map(killProcess));
  for (const server of servers) await server.close();
  await connection.close();
  await rm(home, { recursive: true, force: true });
});

type Fleet = { emulator: Emulator; url?: string; taskQueue: string };

async function startWorker({ emulator, url = emulator.url, taskQueue }: Fleet, env: NodeJS.ProcessEnv = {}) {
  const worker = await startProcess(['worker/main.js'], {
    OPENAI_API_KEY: 'test',
    OPENAI_BASE_URL: url,
    DURABLE_RESEARCH_ORIGIN: `emulator:${emulator.instanceId}`,
    // Said and not found out: the first creates would be streams, which the proxy does not pass on.
    DURABLE_RESEARCH_BACKGROUND: 'full',
    DURABLE_RESEARCH_HOME: home,
    TEMPORAL_TASK_QUEUE: taskQueue,
    ...env,
  });
  started.push(worker);
  return worker;
}

/** Every create that the emulator accepted. */
async function createsOf(emulator: Emulator): Promise<number> {
  const { counts } = (await admin(emulator, 'GET /emulator/status')).body as { counts: { creates: number } };
  return counts.creates;
}

/** Starts a run of steps with these ids. */
function startRun(taskQueue: string, ...stepIds: string[]): Promise<RunHandle> {
  const steps = stepIds.map((id) => ({ id, prompt: 'Explain Paxos.' }));
  return new ResearchClient(new Client({ connection }), taskQueue).start({ steps });
}

/** Starts runs of one step each. */
function startRuns(taskQueue: string, stepIds: readonly string[]): Promise<RunHandle[]> {
  return Promise.all(stepIds.map((id) => startRun(taskQueue, id)));
}

/** The real CLI, with the commands of docs/deploy.md. */
async function temporal(...args: string[]): Promise<void> {
  const address = ['--address', required('TEST_TEMPORAL_ADDRESS')];
  await promisify(execFile)(required('TEST_TEMPORAL_CLI'), [...args, ...address]);
}

/** Starts a worker of a build, and makes that the current one. */
async function startBuild(fleet: Fleet, deployment: string, buildId: string): Promise<Started> {
  const worker = await startWorker(fleet, { TEMPORAL_DEPLOYMENT_NAME: deployment, TEMPORAL_WORKER_BUILD_ID: buildId });
  const version = ['--deployment-name', deployment, '--build-id', buildId, '--yes'];
  // Refused until the server has seen the worker poll.
  await until('the build is current', () =>
    temporal('worker', 'deployment', 'set-current-version', ...version).then(
      () => true,
      () => false,
    ),
  );
  return worker;
}

/** Flags of `temporal workflow update-options` that move a run. */
function overrideTo(deployment: string, buildId: string): string[] {
  const flag = '--versioning-override';
  return [`${flag}-behavior`, 'pinned', `${flag}-deployment-name`, deployment, `${flag}-build-id`, buildId];
}

type Attempt = {
  attempt?: number | null;
  lastFailure?: {
    message?: string | null;
    applicationFailureInfo?: { type?: string | null } | null;
    timeoutFailureInfo?: object | null;
  } | null;
};

/**
 * Of an activity's last attempt: what is wrong with it, if anything. A look that found the response pending is not, nor
 * one that the server handed to a poll in the moment in which the worker withdrew it: that is the server's to mend, and
 * time out it does. A create of which that is true has failed, and stands with the failures.
 */
function lostAttempt({ attempt, lastFailure }: Attempt): string[] {
  if (attempt === 1 || lastFailure?.applicationFailureInfo?.type === 'ResponsePending') return [];
  if (lastFailure?.timeoutFailureInfo) return [];
  return [`attempt ${attempt} after ${lastFailure?.message}`];
}

/** What a run came to, which processes worked on it, and everything in its history that a deploy must not leave there. */
async function lookBack(run: RunHandle) {
  const { outcome, ledger } = await run.result();
  const { events } = await new Client({ connection }).workflow.getHandle(run.workflowId).fetchHistory();
  const history = events ?? [];
  const attempts = history.flatMap((event) => event.activityTaskStartedEventAttributes ?? []);
  const tasks = history.flatMap((event) => event.workflowTaskStartedEventAttributes ?? []);
  const failures = history.flatMap(
    (event) =>
      event.workflowTaskFailedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      [],
  );
  const pids = [...attempts, ...tasks].map(({ identity }) => Number(identity?.split('@')[0]));
  return {
    ended: { outcome, creates: ledger.total.creates, ambiguous: ledger.ambiguous },
    troubles: [...failures.map(({ failure }) => failure?.message), ...attempts.flatMap(lostAttempt)],
    pids: [...new Set(pids)],
  };
}

const WELL = { ended: { outcome: 'completed', creates: 1, ambiguous: [] }, troubles: [] };

test.concurrent(
  `a worker without a version is replaced under ${OPEN} open runs: no create is lost, no step fails, nothing is created twice`,
  async () => {
    const emulator = await startEmulator({ dataDir: join(home, 'unversioned'), seconds: HOUR_SECONDS });
    const proxy = await startHoldingProxy(
      emulator,
      ({ method, stepId }) => (method === 'POST' && stepId === 'slow') || (method === 'GET' && stepId === 'looked'),
    );
    servers.push(proxy, emulator);
    const fleet = { emulator, url: proxy.url, taskQueue: `deploy-${randomUUID()}` };
    const health = `127.0.0.1:${await choosePort()}`;
    const old = await startWorker(fleet, { DURABLE_RESEARCH_HEALTH: health });
    const stepIds = Array.from({ length: OPEN }, (_, i) => ['slow', 'looked'][i] ?? 'plain');
    const runs = await startRuns(fleet.taskQueue, stepIds);
    // A create whose answer is on its way, a look whose answer is, and waits that hold nothing.
    await until('one create and one look are under way, and the others wait', async () => {
      return proxy.held.length === 2 && proxy.looked.size === OPEN - 1 && (await createsOf(emulator)) === OPEN;
    });

    old.child.kill('SIGTERM');
    await until('it says that it drains', async () => (await fetch(`http://${health}/healthz`)).status === 503);
    const next = await startWorker(fleet);
    expect(old.child.exitCode).toBeNull();
    proxy.release();
    expect(await old.ended).toBe(0);

    await moveClock(emulator, HOUR_SECONDS);
    const seen = await Promise.all(runs.map(lookBack));
    expect(seen.map(({ ended, troubles }) => ({ ended, troubles }))).toEqual(runs.map(() => WELL));
    expect(seen.every(({ pids }) => pids.includes(old.pid) && pids.includes(next.pid))).toBe(true);
    expect(await createsOf(emulator)).toBe(OPEN);
  },
  180_000,
);

test.concurrent(
  'pinned runs stay on the build that began them, new ones begin on the current build, and a build that is gone can be left',
  async () => {
    const emulator = await startEmulator({ dataDir: join(home, 'pinned'), seconds: HOUR_SECONDS });
    servers.push(emulator);
    const fleet = { emulator, taskQueue: `deploy-${randomUUID()}` };
    const deployment = `research-${randomUUID()}`;
    const one = await startBuild(fleet, deployment, '1');
    const old = await startRuns(fleet.taskQueue, Array(PINNED).fill('plain') as string[]);
    const long = await startRun(fleet.taskQueue, 'first', 'second');
    await until('the runs of build 1 wait', async () => (await createsOf(emulator)) === PINNED + 1);
    const two = await startBuild(fleet, deployment, '2');
    const fresh = await startRun(fleet.taskQueue, 'plain');
    await until('the run of build 2 waits', async () => (await createsOf(emulator)) === PINNED + 2);

    await moveClock(emulator, HOUR_SECONDS);
    expect(await Promise.all(old.map(lookBack))).toEqual(old.map(() => ({ ...WELL, pids: [one.pid] })));
    expect(await lookBack(fresh)).toEqual({ ...WELL, pids: [two.pid] });
    await until('the second step waits', async () => {
      const [pending] = (await long.describe())?.raw.pendingActivities ?? [];
      return (await createsOf(emulator)) === PINNED + 3 && pending?.attempt === 2;
    });
    one.child.kill('SIGTERM');
    expect(await one.ended).toBe(0);

    await moveClock(emulator, HOUR_SECONDS);
    await temporal('workflow', 'update-options', '--workflow-id', long.workflowId, ...overrideTo(deployment, '2'));
    const { ended, troubles, pids } = await lookBack(long);
    expect({ ended, troubles }).toEqual({ ...WELL, ended: { ...WELL.ended, creates: 2 } });
    expect(new Set(pids)).toEqual(new Set([one.pid, two.pid]));
  },
  180_000,
);

test.concurrent(
  'a gateway that is told to end takes nothing more, finishes what it has begun, and ends well',
  async () => {
    const secret = `whsec_${Buffer.from('of provider and gateway').toString('base64')}`;
    const harness = await startHarness({ seconds: HOUR_SECONDS, env: { OPENAI_WEBHOOK_SECRET: secret } });
    const proxy = await startHoldingProxy(harness.emulator, ({ method }) => method === 'GET');
    servers.push(proxy, harness);
    const gateway = await startProcess(['cli/main.js', 'gateway', '--port', '0'], {
      OPENAI_API_KEY: 'test',
      OPENAI_BASE_URL: proxy.url,
      OPENAI_WEBHOOK_SECRET: secret,
      DURABLE_RESEARCH_HOME: harness.home,
    });
    started.push(gateway);
    const run = await startRun(harness.taskQueue, 'only');
    const responseId = await until('the run waits for a webhook', async () => {
      const [pending] = (await run.describe())?.raw.pendingActivities ?? [];
      return pending?.attempt === 2 && pending.activityId?.replace('await:', '');
    });
    await moveClock(harness.emulator, HOUR_SECONDS);
    const answer = deliver(gateway.line, secret, responseId);
    await until('the gateway looks at the response', async () => proxy.held.length === 1);

    gateway.child.kill('SIGTERM');
    await until('it takes no more connections', () =>
      fetch(new URL('/healthz', gateway.line)).then(
        () => false,
        () => true,
      ),
    );
    expect(gateway.child.exitCode).toBeNull();
    proxy.release();
    expect([200, 202]).toContain((await answer).status);
    expect(await lookBack(run)).toMatchObject(WELL);
    expect(await gateway.ended).toBe(0);
  },
  180_000,
);

/** Sends the provider's webhook for the end of a response. */
function deliver(url: string, secret: string, responseId: string): Promise<Response> {
  const now = new Date();
  const seconds = Math.floor(now.getTime() / 1000);
  const event = { id: `evt_${randomUUID()}`, object: 'event', type: 'response.completed', created_at: seconds };
  const body = JSON.stringify({ ...event, data: { id: responseId } });
  const headers = {
    'content-type': 'application/json',
    'webhook-id': event.id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': new Webhook(secret).sign(event.id, now, body),
  };
  return fetch(url, { method: 'POST', headers, body });
}
