import { setTimeout as sleep } from 'node:timers/promises';
import { buildOf, type Entries } from './entries';
import { messageOf } from './errors';
import { takeFingerprint } from './fingerprint';
import { endLeftovers } from './leftovers';
import { takeLock } from './lock';
import { LogFile } from './log-file';
import { countOpenRuns } from './open-runs';
import { identifyProcess, type ProcessId } from './processes';
import type { ServiceContext } from './services';
import { readSettings, type LocalSettings } from './settings';
import { Stack } from './stack';
import { homeFiles, lastUse, readState, recordUse, writeState } from './state';
import type { ServiceName, SupervisorState } from './state';

export interface SupervisorOptions {
  /** Absolute path of the home. */
  home: string;
  env: NodeJS.ProcessEnv;
  /** The Temporal CLI; undefined when the environment names a server. */
  executable: string | undefined;
  entries: Entries;
  /** In somebody's terminal, who ends it: it does not end as idle. */
  foreground: boolean;
  log: (message: string) => void;
  /** Called, beside the log files, for each line that a service writes. */
  onLine?: (service: ServiceName, line: string) => void;
  /** Called when everything is up. */
  onReady?: (state: SupervisorState) => void;
}

/** How a supervisor ended. */
export interface SupervisorEnd {
  status: 'stopped' | 'failed';
  reason: string;
}

const LONGEST_IDLE_CHECK_MS = 30_000;

/**
 * Runs the Temporal server, the emulator and the worker of one home. There is one supervisor a home: it holds the home's
 * lock as long as it runs.
 */
export class Supervisor {
  private readonly settings: LocalSettings;
  private readonly over = new AbortController();
  private readonly ending: Promise<SupervisorEnd>;
  private end!: (end: SupervisorEnd) => void;
  private state: SupervisorState;
  private ownsState = false;

  constructor(private readonly options: SupervisorOptions) {
    this.settings = readSettings(options.env);
    this.ending = new Promise((resolve) => (this.end = resolve));
    const self = identifyProcess(process.pid);
    if (!self) throw new Error('The system does not tell when this process was started.');
    this.state = {
      status: 'starting',
      reason: '',
      supervisor: self,
      foreground: options.foreground,
      build: buildOf(options.entries),
      startedAt: new Date().toISOString(),
      namespace: this.settings.namespace,
      taskQueue: this.settings.taskQueue,
      processes: {},
      fingerprint: takeFingerprint(options.env),
    };
  }

  /**
   * Runs until it is stopped, idle, or a service fails for good, and ends every service then.
   * Throws `LockedError` when another supervisor has the home.
   */
  async run(): Promise<SupervisorEnd> {
    const { home } = this.options;
    recordUse(home);
    const lock = await takeLock(homeFiles.lock(home));
    try {
      return await this.runLocked();
    } finally {
      lock.release();
    }
  }

  /** Ends everything; `run` settles when that is done. */
  stop(reason: string): void {
    this.end({ status: 'stopped', reason });
  }

  private async runLocked(): Promise<SupervisorEnd> {
    const { home, log } = this.options;
    const former = readState(home);
    this.ownsState = true;
    // Kept until the new ones are known: the leftovers to be ended, and the ports to be tried first.
    this.update({ processes: former?.processes ?? {}, temporal: former?.temporal, provider: former?.provider });
    const left = former ? await endLeftovers(former) : [];
    if (left.length > 0) log(`Ended what the last supervisor left: ${left.join(', ')}`);
    this.update({ processes: {} });

    const stack = this.startStack(former);
    void this.follow(stack);
    const end = await this.ending;
    this.over.abort();
    log(`Stopping: ${end.reason}`);
    this.update({ status: 'stopping', reason: end.reason });
    await stack.stop();
    this.update({ ...end, processes: {} });
    return end;
  }

  /** From the start of the stack to the decision to end it. */
  private async follow(stack: Stack): Promise<void> {
    try {
      await stack.ready();
    } catch (error) {
      return this.end({ status: 'failed', reason: messageOf(error) });
    }
    if (this.over.signal.aborted) return;
    this.update({ status: 'ready' });
    this.options.onReady?.(this.state);
    await this.endWhenIdle();
  }

  private startStack(former: SupervisorState | undefined): Stack {
    const { options, settings } = this;
    const { home, env, entries, executable, log } = options;
    const logs = new Map<ServiceName, LogFile>();
    const logOf = (name: ServiceName) => {
      const file = logs.get(name) ?? new LogFile(homeFiles.log(home, name));
      logs.set(name, file);
      return file;
    };
    const context: ServiceContext = {
      home,
      env,
      settings,
      entries,
      former,
      onLine: (name, line) => {
        logOf(name).add(line);
        options.onLine?.(name, line);
      },
      onSpawn: (name: ServiceName, id: ProcessId) => {
        log(`Started ${name} (pid ${id.pid})`);
        this.update({ processes: { ...this.state.processes, [name]: id } });
      },
    };
    return new Stack({
      context,
      executable,
      log,
      onChange: (change) => this.update(change),
      onGiveUp: (reason) => this.end({ status: 'failed', reason }),
    });
  }

  private async endWhenIdle(): Promise<void> {
    const { home, foreground, log } = this.options;
    const checkMs = Math.min(this.settings.idleMs / 4, LONGEST_IDLE_CHECK_MS);
    while (!this.over.signal.aborted) {
      await sleep(checkMs, undefined, { ref: false });
      if (!this.stillOwnsState()) {
        this.ownsState = false;
        return this.stop(`${homeFiles.state(home)} was removed or replaced`);
      }
      if (foreground || this.over.signal.aborted || !this.isUnused()) continue;
      try {
        if ((await this.countOpenRuns()) > 0) recordUse(home);
        else if (this.endUnlessUsed()) return;
      } catch (error) {
        log(`Open runs could not be counted: ${messageOf(error)}`);
      }
    }
  }

  private isUnused(): boolean {
    const since = Math.max(lastUse(this.options.home), Date.parse(this.state.startedAt));
    return Date.now() - since > this.settings.idleMs;
  }

  /**
   * A command first records its use, then reads the state; this first writes the state, then looks for uses. So either the
   * command sees that the supervisor is stopping, or the supervisor sees that it is wanted.
   */
  private endUnlessUsed(): boolean {
    this.update({ status: 'stopping' });
    if (this.isUnused()) {
      this.stop(`no open run and no command for ${this.settings.idleMs / 60_000} minutes`);
      return true;
    }
    this.update({ status: 'ready' });
    return false;
  }

  private async countOpenRuns(): Promise<number> {
    const { external, namespace, taskQueue } = this.settings;
    const connection = external?.connectionOptions ?? { address: this.state.temporal?.address };
    return countOpenRuns(connection, namespace, taskQueue);
  }

  private stillOwnsState(): boolean {
    const { pid, started } = this.state.supervisor;
    const written = readState(this.options.home)?.supervisor;
    return written?.pid === pid && written.started === started;
  }

  private update(change: Partial<SupervisorState>): void {
    this.state = { ...this.state, ...change };
    if (this.ownsState) writeState(this.options.home, this.state);
  }
}
