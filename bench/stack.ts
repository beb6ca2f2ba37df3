import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { findTemporal, startTemporalServer } from '../local';
import { choosePort } from '../local/ports';
import { type Program, startProgram } from './processes';

/** What a stack is made of; each is a process of its own. */
export type Part = 'server' | 'emulator' | 'gateway' | 'worker' | 'plainWorker';

export interface StackOptions {
  /** The provider's webhooks, and a gateway for them. Without: the engine watches. */
  webhooks: boolean;
  /** Flags of the emulator. */
  emulator?: readonly string[];
  /** Also a worker of the plain chain. Default false. */
  plain?: boolean;
}

const PROGRAMS = path.join(__dirname, 'programs');
const EMULATOR = path.join(__dirname, '../emulator/main.js');
const SECRET = `whsec_${Buffer.from('a secret of the bench').toString('base64')}`;
/** Task queue of the engine's runs, and of the plain chain's. */
export const QUEUE = { engine: 'bench', plain: 'bench-plain' } as const;

type Running = { pid: number; end: () => Promise<void> };

/** Everything that runs are made on: server, emulator, workers and, with webhooks, a gateway. On ports that last. */
export class Stack {
  private readonly running = new Map<Part, Running>();
  private readonly programs = new Map<Part, Program>();
  private connection: Connection | undefined;

  private constructor(
    private readonly home: string,
    private readonly options: StackOptions,
    private readonly ports: { server: number; emulator: number; gateway: number },
  ) {}

  /** Starts every part. */
  static async start(options: StackOptions): Promise<Stack> {
    const home = await mkdtemp(path.join(tmpdir(), 'durable-research-bench-'));
    const ports = { server: await choosePort(), emulator: await choosePort(), gateway: await choosePort() };
    const stack = new Stack(home, options, ports);
    await stack.startAll();
    return stack;
  }

  /** Starts every part that does not run. */
  async startAll(): Promise<void> {
    for (const part of ['server', 'emulator', 'gateway', 'worker', 'plainWorker'] as const) {
      const wanted = part === 'gateway' ? this.options.webhooks : part !== 'plainWorker' || this.options.plain === true;
      if (wanted && !this.running.has(part)) await this.startPart(part);
    }
  }

  async startPart(part: Part): Promise<void> {
    if (part === 'server') return this.startServer();
    const program = await this.startProgram(part);
    this.programs.set(part, program);
    this.running.set(part, { pid: program.pid, end: () => program.kill() });
  }

  /** `kill -9` of parts. */
  async kill(...parts: readonly Part[]): Promise<void> {
    for (const part of parts) {
      const { pid, end } = this.processOf(part);
      if (part === 'server') process.kill(pid, 'SIGKILL');
      await end();
      this.running.delete(part);
    }
  }

  /** The parts that run. */
  get parts(): Part[] {
    return [...this.running.keys()];
  }

  pid(part: Part): number {
    return this.processOf(part).pid;
  }

  program(part: Exclude<Part, 'server' | 'emulator'>): Program {
    const program = this.programs.get(part);
    if (!program) throw new Error(`the stack has no ${part}`);
    return program;
  }

  get client(): Client {
    if (!this.connection) throw new Error('the stack has no server');
    return new Client({ connection: this.connection });
  }

  /** Base URL of the provider. */
  get provider(): string {
    return `http://127.0.0.1:${this.ports.emulator}/v1`;
  }

  /** Ends every part, and forgets what they kept. */
  async close(): Promise<void> {
    await this.connection?.close();
    await Promise.all([...this.running.values()].map(({ end }) => end()));
    await rm(this.home, { recursive: true, force: true });
  }

  private processOf(part: Part): Running {
    const running = this.running.get(part);
    if (!running) throw new Error(`${part} does not run`);
    return running;
  }

  private async startServer(): Promise<void> {
    const found = await findTemporal({ env: { ...process.env, TEMPORAL_ADDRESS: undefined } });
    if (found.kind !== 'executable') throw new Error('expected a Temporal CLI whose dev server can be started');
    const dbFile = path.join(this.home, 'temporal.db');
    const port = this.ports.server;
    // The settings that users of local runs get.
    const server = await startTemporalServer({ executable: found.path, dbFile, port, headless: true });
    this.running.set('server', { pid: server.pid, end: () => server.stop() });
    await this.connection?.close();
    this.connection = await Connection.connect({ address: server.address });
  }

  private startProgram(part: Exclude<Part, 'server'>): Promise<Program> {
    const { webhooks, emulator = [] } = this.options;
    const env: NodeJS.ProcessEnv = {
      TEMPORAL_ADDRESS: `127.0.0.1:${this.ports.server}`,
      TEMPORAL_TASK_QUEUE: part === 'plainWorker' ? QUEUE.plain : QUEUE.engine,
      OPENAI_API_KEY: 'bench',
      OPENAI_BASE_URL: this.provider,
      OPENAI_WEBHOOK_SECRET: webhooks ? SECRET : '',
      DURABLE_RESEARCH_ORIGIN: 'emulator:bench',
      DURABLE_RESEARCH_HOME: this.home,
    };
    if (part !== 'emulator') {
      const file = path.join(PROGRAMS, part === 'plainWorker' ? 'plain-worker.js' : `${part}.js`);
      return startProgram(file, { env, args: part === 'gateway' ? [String(this.ports.gateway)] : [] });
    }
    const url = `http://127.0.0.1:${this.ports.gateway}/webhooks/openai`;
    const args = ['--port', String(this.ports.emulator), '--data', path.join(this.home, 'emulator')];
    return startProgram(EMULATOR, { env, args: [...args, ...(webhooks ? ['--webhook-url', url] : []), ...emulator] });
  }
}
