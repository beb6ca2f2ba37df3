import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { messageOf } from './errors';
import { describeExit, startKept, type Exit, type KeptProcess } from './kept-process';
import { LastLines } from './last-lines';
import { choosePort, isListening, LOOPBACK } from './ports';
import type { ProcessId } from './processes';

export interface TemporalServerOptions {
  /** Path of the Temporal CLI, as `findTemporal` gives it. */
  executable: string;
  /** SQLite file that keeps everything; made with its folder when missing. Without it all is lost when the server ends. */
  dbFile?: string;
  /** Wanted gRPC port; another is chosen when it is taken. Default: any free one. */
  port?: number;
  /** Wanted port of the web UI; another is chosen when it is taken. Default: any free one. */
  uiPort?: number;
  /** Without the web UI. Default false. */
  headless?: boolean;
  /** Made at the start unless it exists. Default `default`. */
  namespace?: string;
  /**
   * Serves the fairness keys of tasks, on queues of one partition. A database keeps what it began with: the server looks
   * for waiting tasks in another table. Default false.
   */
  fairness?: boolean;
  /** How long closed runs are kept, in days. Default 30. */
  retentionDays?: number;
  /** Called for each line of the server's log. */
  onLogLine?: (line: string) => void;
  /** Called as soon as the process exists, before it answers. */
  onSpawn?: (id: ProcessId) => void;
  /** Time for the server to answer, in milliseconds. Default 60,000. */
  startTimeoutMs?: number;
  /** Gives up a start that is not finished; what was started is ended. */
  signal?: AbortSignal;
}

/** A running `temporal server start-dev`. */
export interface TemporalServer {
  /** `host:port` of its gRPC service. */
  address: string;
  /** Its web UI; undefined when headless. */
  uiUrl: string | undefined;
  pid: number;
  process: ProcessId;
  /** Settles when the server has ended, whoever ended it. */
  exited: Promise<Exit>;
  /** Ends the server and waits for that: SIGTERM, after 10 s SIGKILL. */
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
const STOP_GRACE_MS = 10_000;
const PORT_ATTEMPTS = 3;

/**
 * The defaults suit a server that many share. On one history shard they allow 20 loads of tasks a second, so that each
 * hand-over of an activity waits about 42 ms, and timers are late by up to a second.
 */
const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.visibilityProcessorMaxPollRPS=200',
  'history.timerProcessorMaxTimeShift="20ms"',
];

/** Shares between fairness keys are held in each partition by itself, and a queue has four of them by default. */
const FAIRNESS_CONFIG = [
  'matching.enableFairness=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/**
 * With a write-ahead log, `synchronous=NORMAL` keeps every committed transaction through a killed process; only a power
 * cut or a crash of the operating system may lose the last ones. It is several times faster than FULL.
 */
const SQLITE_PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'];

interface Ports {
  port: number;
  uiPort: number | undefined;
}

function serverArguments(options: TemporalServerOptions, ports: Ports): string[] {
  const args = ['server', 'start-dev', '--ip', LOOPBACK, '--port', String(ports.port), '--log-level', 'warn'];
  args.push(...(ports.uiPort === undefined ? ['--headless'] : ['--ui-port', String(ports.uiPort)]));
  if (options.namespace && options.namespace !== 'default') args.push('--namespace', options.namespace);
  const config = [...DYNAMIC_CONFIG, ...(options.fairness ? FAIRNESS_CONFIG : [])];
  for (const value of config) args.push('--dynamic-config-value', value);
  if (options.dbFile) {
    args.push('--db-filename', options.dbFile);
    for (const pragma of SQLITE_PRAGMAS) args.push('--sqlite-pragma', pragma);
  }
  return args;
}

/** The CLI would take settings from TEMPORAL_* variables, which speak of another server; keys are none of its business. */
function serverEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(TEMPORAL|OPENAI|DURABLE_RESEARCH)_/.test(name)));
}

async function choosePorts(options: TemporalServerOptions): Promise<Ports> {
  return {
    port: await choosePort(options.port),
    uiPort: options.headless ? undefined : await choosePort(options.uiPort),
  };
}

/** One look. Undefined when the server serves the namespace, which then has its retention; else what is missing. */
async function prepareNamespace(
  address: string,
  namespace: string,
  retentionDays: number,
): Promise<string | undefined> {
  if (!(await isListening(Number(address.split(':')[1])))) return 'nothing listens there';
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: '5s' });
    await connection.workflowService.updateNamespace({
      namespace,
      // The dev server's own default is one day.
      config: { workflowExecutionRetentionTtl: msToTs(retentionDays * DAY_MS) },
    });
    return undefined;
  } catch (error) {
    // A server that is only half up refuses for a moment; the caller's time limit decides how long that may be.
    return messageOf(error);
  } finally {
    await connection?.close();
  }
}

class StartFailure extends Error {
  constructor(
    reason: string,
    readonly portTaken: boolean,
  ) {
    super(reason);
  }
}

/** Undefined when the server is ready, else why it will not be. */
async function waitUntilReady(
  kept: KeptProcess,
  address: string,
  options: TemporalServerOptions,
): Promise<string | undefined> {
  const timeoutMs = options.startTimeoutMs ?? 60_000;
  const deadline = Date.now() + timeoutMs;
  let ended: Exit | undefined;
  void kept.exited.then((exit) => (ended = exit));
  for (;;) {
    const missing = await prepareNamespace(address, options.namespace ?? 'default', options.retentionDays ?? 30);
    if (ended) return describeExit(ended);
    if (options.signal?.aborted) return 'was stopped while starting';
    if (missing === undefined) return undefined;
    if (Date.now() >= deadline) return `did not serve at ${address} within ${timeoutMs / 1000} s (${missing})`;
    await sleep(50);
  }
}

async function startOnce(options: TemporalServerOptions, ports: Ports): Promise<TemporalServer> {
  const address = `${LOOPBACK}:${ports.port}`;
  const log = new LastLines();
  let portTaken = false;
  const kept = await startKept({
    command: options.executable,
    args: serverArguments(options, ports),
    env: serverEnvironment(process.env),
    onLine: (line) => {
      log.add(line);
      portTaken ||= line.includes('address already in use');
      options.onLogLine?.(line);
    },
  });
  try {
    options.onSpawn?.(kept.id);
    const reason = await waitUntilReady(kept, address, options);
    if (reason)
      throw new StartFailure(`The Temporal server ${reason}. The last lines of its log:\n${log.text()}`, portTaken);
  } catch (error) {
    await kept.stop(0);
    throw error;
  }
  return {
    address,
    uiUrl: ports.uiPort === undefined ? undefined : `http://${LOOPBACK}:${ports.uiPort}`,
    pid: kept.id.pid,
    process: kept.id,
    exited: kept.exited,
    stop: () => kept.stop(STOP_GRACE_MS),
  };
}

/**
 * Starts Temporal's dev server with settings for one machine and waits until it serves the namespace. It ends with this
 * process at the latest. Throws when it does not start, with the end of its log; then nothing of it is left running.
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  if (options.dbFile) mkdirSync(path.dirname(options.dbFile), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options, await choosePorts(options));
    } catch (error) {
      // Somebody took a port between our look and the server's: look again.
      if (!(error instanceof StartFailure && error.portTaken) || attempt >= PORT_ATTEMPTS) throw error;
    }
  }
}
