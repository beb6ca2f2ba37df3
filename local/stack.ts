import { isDeepStrictEqual } from 'node:util';
import { Keeper } from './keeper';
import { terminate } from './processes';
import {
  emulatorOrigin,
  startEmulator,
  startTemporal,
  startWorker,
  type EmulatorService,
  type ServiceContext,
  type WorkerService,
  type WorkerTargets,
} from './services';
import type { SupervisorState } from './state';
import type { TemporalServer } from './temporal-server';

export interface StackOptions {
  context: ServiceContext;
  /** The Temporal CLI; undefined when the environment names a server. */
  executable: string | undefined;
  log: (message: string) => void;
  /** Called when an address becomes known or changes. */
  onChange: (change: Pick<SupervisorState, 'temporal' | 'provider'>) => void;
  /** Called when one of the services failed too often in a row. */
  onGiveUp: (reason: string) => void;
}

const MOVE_GRACE_MS = 5_000;

/** The Temporal server, the emulator and the worker, each kept running, as far as the settings ask for them. */
export class Stack {
  private readonly temporal: Keeper<TemporalServer> | undefined;
  private readonly emulator: Keeper<EmulatorService> | undefined;
  private readonly worker: Keeper<WorkerService>;
  private workerTargets: WorkerTargets | undefined;

  /** Starts everything; see `ready` for the outcome. */
  constructor(private readonly options: StackOptions) {
    const { context, executable, log, onGiveUp } = options;
    const { settings } = context;
    if (executable !== undefined) {
      const start = (signal: AbortSignal) => this.startTemporal(executable, signal);
      this.temporal = new Keeper({ name: 'The Temporal server', start, log, onGiveUp });
    } else if (settings.external) {
      options.onChange({ temporal: { address: settings.external.address, external: true } });
    }
    if (settings.provider.kind === 'emulator') {
      const start = (signal: AbortSignal) => this.startEmulator(signal);
      this.emulator = new Keeper({ name: 'The emulator', start, log, onGiveUp });
    }
    const start = (signal: AbortSignal) => this.startWorker(signal);
    this.worker = new Keeper({ name: 'The worker', start, log, onGiveUp });
  }

  /** Settles when all of them are up for the first time; rejects when one does not start. */
  async ready(): Promise<void> {
    await this.worker.current();
  }

  /** Ends the worker, which may still have something to record, then the rest. */
  async stop(): Promise<void> {
    await this.worker.stop();
    await Promise.all([this.emulator?.stop(), this.temporal?.stop()]);
  }

  private async startTemporal(executable: string, signal: AbortSignal): Promise<TemporalServer> {
    const server = await startTemporal(this.options.context, executable, signal);
    this.options.onChange({ temporal: { address: server.address, uiUrl: server.uiUrl, external: false } });
    void this.moveWorker();
    return server;
  }

  private async startEmulator(signal: AbortSignal): Promise<EmulatorService> {
    const service = await startEmulator(this.options.context, signal);
    const { provider } = this.options.context.settings;
    const speed = provider.kind === 'emulator' ? provider.speed : undefined;
    const origin = emulatorOrigin(service.ready);
    this.options.onChange({ provider: { kind: 'emulator', baseUrl: service.ready.url, origin, speed } });
    void this.moveWorker();
    return service;
  }

  private async startWorker(signal: AbortSignal): Promise<WorkerService> {
    const { context, onChange } = this.options;
    const targets = await this.targets();
    this.workerTargets = targets;
    const service = await startWorker(context, targets, signal);
    const { provider } = context.settings;
    if (provider.kind === 'api') {
      onChange({ provider: { ...provider, origin: service.ready.origin ?? provider.baseUrl } });
    }
    return service;
  }

  private async targets(): Promise<WorkerTargets> {
    const [temporal, emulator] = await Promise.all([this.temporal?.current(), this.emulator?.current()]);
    return { temporalAddress: temporal?.address, emulator: emulator?.ready };
  }

  /** A service that came back at another port takes the worker with it: its keeper starts it again with the new one. */
  private async moveWorker(): Promise<void> {
    if (this.workerTargets === undefined) return;
    const [worker, targets] = await Promise.allSettled([this.worker.current(), this.targets()]);
    if (worker.status === 'rejected' || targets.status === 'rejected') return;
    if (isDeepStrictEqual(this.workerTargets, targets.value)) return;
    this.options.log('An address has changed; starting the worker again');
    await terminate(worker.value.process, MOVE_GRACE_MS);
  }
}
