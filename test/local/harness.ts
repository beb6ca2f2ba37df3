import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { ensureRunning, findTemporal, type EnsureRunningOptions, type LocalStack } from '../../local';
import type { Entries } from '../../local/entries';
import { identifyProcess, terminate, waitForEnd, type ProcessId } from '../../local/processes';
import { readState, type SupervisorState } from '../../local/state';

const fixtures = path.join(__dirname, 'fixtures');
const register = path.join(fixtures, 'register.js');

/** The supervisor from its sources, with small programs in place of worker and emulator. */
export const entries: Entries = {
  supervisor: ['-r', register, path.resolve(__dirname, '../../local/supervisor-main.ts')],
  worker: [path.join(fixtures, 'worker.js')],
  emulator: [path.join(fixtures, 'emulator.js')],
};

/** Command line that runs a TypeScript file of the fixtures. */
export function fixtureCommand(name: string): string[] {
  return ['-r', register, path.join(fixtures, name)];
}

/** The environment of the tests without what would make a difference. */
export function plainEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const plain = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|OPENAI|DURABLE_RESEARCH)_/.test(name));
  return { ...Object.fromEntries(plain), ...more };
}

/** The Temporal CLI of this machine. */
export async function temporalExecutable(): Promise<string> {
  const found = await findTemporal({ env: plainEnvironment() });
  if (found.kind !== 'executable') throw new Error('expected an executable');
  return found.path;
}

export async function until<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(25);
  }
}

/** A home of a test, with what the test may ask about it. */
export class Home {
  readonly path = mkdtempSync(path.join(os.tmpdir(), 'local-home-'));
  private readonly seen: ProcessId[] = [];

  ensure(env: NodeJS.ProcessEnv = {}, more: Partial<EnsureRunningOptions> = {}) {
    return ensureRunning({ home: this.path, env: plainEnvironment(env), entries, ...more });
  }

  state(): SupervisorState {
    const state = readState(this.path);
    if (!state) throw new Error('the home has no state');
    this.seen.push(state.supervisor, ...Object.values(state.processes));
    return state;
  }

  /** The services, and the supervisor, that run now. */
  pids(): Record<'supervisor' | 'temporal' | 'emulator' | 'worker', number> {
    const { supervisor, processes } = this.state();
    return {
      supervisor: supervisor.pid,
      temporal: processes.temporal?.pid ?? 0,
      emulator: processes.emulator?.pid ?? 0,
      worker: processes.worker?.pid ?? 0,
    };
  }

  read(name: string): string {
    const file = path.join(this.path, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Kills the supervisor and checks that nothing of what was ever seen outlives it. */
  async dispose(): Promise<void> {
    const state = readState(this.path);
    if (state) {
      this.seen.push(state.supervisor, ...Object.values(state.processes));
      await terminate(state.supervisor, 0);
    }
    const ended = await Promise.all(this.seen.map((id) => waitForEnd(id, 5_000)));
    rmSync(this.path, { recursive: true, force: true });
    const left = this.seen.filter((_id, index) => !ended[index]);
    if (left.length > 0) throw new Error(`still running: ${JSON.stringify(left)}`);
  }
}

/** Exactly this process, to be asked about later. */
export function identity(pid: number): ProcessId {
  const id = identifyProcess(pid);
  if (!id) throw new Error(`no process ${pid}`);
  return id;
}

/** Calls the Temporal server of the stack. */
export async function withConnection<T>(stack: LocalStack, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: stack.temporal.address });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** Starts a run that stays open, since no worker knows its type; waits until it is counted. */
export async function openRun(stack: LocalStack, workflowId = 'open-run'): Promise<void> {
  const { namespace, taskQueue } = stack;
  await withConnection(stack, async ({ workflowService }) => {
    await workflowService.startWorkflowExecution({
      namespace,
      workflowId,
      requestId: workflowId,
      workflowType: { name: 'unknown' },
      taskQueue: { name: taskQueue },
    });
    await until('the run is visible', async () => {
      const { count } = await workflowService.countWorkflowExecutions({
        namespace,
        query: `WorkflowId='${workflowId}'`,
      });
      return Number(count) === 1;
    });
  });
}

/** Ends what `openRun` started. */
export async function closeRun(stack: LocalStack, workflowId = 'open-run'): Promise<void> {
  await withConnection(stack, ({ workflowService }) =>
    workflowService.terminateWorkflowExecution({
      namespace: stack.namespace,
      workflowExecution: { workflowId },
    }),
  );
}
