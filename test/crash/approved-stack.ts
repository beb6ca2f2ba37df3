import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connect, type ResearchClient, type RunHandle } from '../../client';
import { choosePort } from '../../local/ports';
import { required } from '../setup/harness';
import { EmulatorAdmin } from './storm/emulator-admin';
import { launchProgram, launchTemporal, Part, type Running } from './storm/part';
import { insist } from './storm/runs';

const TASK_QUEUE = 'approved';

type Options = {
  /** Where tools are called. */
  bankUrl: string;
  /** The first worker: a program of `dist/`, with what its environment has besides. */
  worker: { program: string; env: NodeJS.ProcessEnv };
};

/** Temporal server, emulator and workers of one test, which die together and come back at the same places. */
export class Stack {
  /** Names of the workers by the ids that their processes had. */
  readonly workers = new Map<number, string>();
  private readonly parts: Part[] = [];

  private constructor(
    readonly research: ResearchClient,
    readonly emulator: EmulatorAdmin,
    private readonly place: { folder: string; address: string; env: NodeJS.ProcessEnv },
  ) {}

  static async start({ bankUrl, worker }: Options): Promise<Stack> {
    const folder = await mkdtemp(join(tmpdir(), 'durable-research-approved-'));
    const [temporalPort, emulatorPort] = [await choosePort(), await choosePort()];
    const address = `127.0.0.1:${temporalPort}`;
    const url = `http://127.0.0.1:${emulatorPort}`;
    for (const name of ['home', 'pids']) await mkdir(join(folder, name));
    const env = {
      PATH: process.env['PATH'],
      CRASH_PIDS: join(folder, 'pids'),
      TEST_COUNTER_URL: bankUrl,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_TASK_QUEUE: TASK_QUEUE,
      OPENAI_API_KEY: 'test',
      OPENAI_BASE_URL: `${url}/v1`,
      DURABLE_RESEARCH_ORIGIN: 'emulator:approved',
      DURABLE_RESEARCH_HOME: join(folder, 'home'),
      // What a killed worker costs a create, besides five seconds more.
      DURABLE_RESEARCH_CREATE_TIMEOUT: '5s',
    };
    const emulator = ['emulator/main.js', '--port', `${emulatorPort}`, '--data', join(folder, 'emulator')];
    const logFile = join(folder, 'emulator.log');
    const server = {
      executable: required('TEST_TEMPORAL_CLI'),
      dbFile: join(folder, 'temporal.db'),
      port: temporalPort,
      logFile: join(folder, 'temporal.log'),
    };
    const parts = [
      new Part(
        'temporal',
        'temporal',
        booked(folder, 'temporal', () => launchTemporal(server)),
      ),
      new Part(
        'emulator',
        'emulator',
        booked(folder, 'emulator', () => launchProgram(emulator, { env, logFile })),
      ),
    ];
    await Promise.all(parts.map((part) => part.start()));
    const research = await connect({ address, taskQueue: TASK_QUEUE });
    const stack = new Stack(research, new EmulatorAdmin(url), { folder, address, env });
    stack.parts.push(...parts);
    await stack.addWorker('worker', worker.program, worker.env);
    return stack;
  }

  /** Resolves when the worker polls. */
  async addWorker(name: string, program: string, more: NodeJS.ProcessEnv): Promise<void> {
    const { folder, env } = this.place;
    const options = { env: { ...env, ...more }, logFile: join(folder, `${name}.log`) };
    const launch = async (): Promise<Running> => {
      const running = await launchProgram([program], options);
      this.workers.set(running.pid, name);
      return running;
    };
    const worker = new Part('worker', name, booked(folder, name, launch));
    this.parts.push(worker);
    await worker.start();
  }

  /** `kill -9` of a worker that is not started again. */
  async retire(name: string): Promise<void> {
    const [worker] = this.parts.splice(
      this.parts.findIndex((part) => part.name === name),
      1,
    );
    await rm(join(this.place.folder, 'pids', name));
    await worker?.remove();
  }

  /** `kill -9` of everything at once; it comes back by itself. */
  async killEverything(): Promise<void> {
    const folder = join(this.place.folder, 'pids');
    const files = await readdir(folder);
    const pids = await Promise.all(files.map(async (file) => Number(await readFile(join(folder, file), 'utf8'))));
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  }

  /** How often each process was killed. One that cannot go on without the others, and ends, was not. */
  deaths(): Record<string, number> {
    const killed = this.parts.map(({ name, ownEnds }) => [
      name,
      ownEnds.filter((end) => end.includes('SIGKILL')).length,
    ]);
    return Object.fromEntries(killed) as Record<string, number>;
  }

  /** Temporal's own CLI. */
  async temporal(...args: string[]): Promise<void> {
    await promisify(execFile)(required('TEST_TEMPORAL_CLI'), [...args, '--address', this.place.address]);
  }

  /** Allows a call as soon as a person is asked. By the update's id a server that was killed takes it once. */
  async approve(run: RunHandle, id: string): Promise<void> {
    await this.asked(run, id);
    const handle = this.research.client.workflow.getHandle(run.workflowId);
    const decide = () => handle.executeUpdate('decideApproval', { args: [{ id, approve: true }], updateId: id });
    await insist<unknown>(decide);
  }

  async asked(run: RunHandle, id: string): Promise<void> {
    const isAsked = async (): Promise<boolean> => (await run.progress()).approvals.some((one) => one.id === id);
    await eventually(`${id} is asked`, isAsked);
  }

  async stop(): Promise<void> {
    await this.research.client.connection.close();
    await Promise.all(this.parts.map((part) => part.remove()));
    await rm(this.place.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The same, which notes its process among those that die together. */
function booked(folder: string, name: string, launch: () => Promise<Running>): () => Promise<Running> {
  return async () => {
    const running = await launch();
    await writeFile(join(folder, 'pids', name), `${running.pid}`);
    return running;
  };
}

const GIVE_UP_MS = 300_000;

/** Waits for what is asked of processes that may be down; throws with its name after five minutes. */
export async function eventually(what: string, look: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  while (!(await look().catch(() => false))) {
    if (Date.now() > giveUpAt) throw new Error(`did not happen within ${GIVE_UP_MS / 1000} s: ${what}`);
    await sleep(100);
  }
}
