import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** Repository's folder. */
export const ROOT = path.resolve(__dirname, '../..');
const SCRIPT = path.join(ROOT, 'scripts/cluster/run-native.js');

const startedSchema = z.object({ started: z.string(), pid: z.int() });
const readySchema = z.object({
  ready: z.literal(true),
  temporal: z.string(),
  ui: z.url(),
  emulator: z.url(),
  postgres: z.string(),
  directory: z.string(),
  cli: z.string(),
  namespace: z.string(),
  taskQueue: z.string(),
});

/** Where the cluster's services are. */
export type Addresses = z.infer<typeof readySchema>;

/** The environment without what speaks of other servers: a key here would have the tests talk to the real API. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OPENAI|TEMPORAL)_/.test(name)));
}

/** The native cluster, run by its script as a person would. */
export class NativeCluster {
  readonly pids = new Map<string, number>();
  private starts: Record<string, number> = {};
  private stderr = '';
  private watchers = new Set<() => void>();

  private constructor(private readonly script: ChildProcess) {}

  /** Settles when everything is well; throws, with what the script said, when it ends before. */
  static async start(): Promise<{ cluster: NativeCluster; addresses: Addresses }> {
    const script = spawn(process.execPath, [SCRIPT], { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    const cluster = new NativeCluster(script);
    script.stderr.on('data', (chunk: Buffer) => (cluster.stderr += chunk.toString()));
    const addresses = await new Promise<Addresses>((resolve, reject) => {
      script.once('exit', (code) => reject(new Error(`run-native.js ended with ${code}:\n${cluster.stderr}`)));
      createInterface({ input: script.stdout }).on('line', (line) => cluster.read(line, resolve));
    });
    return { cluster, addresses };
  }

  private read(line: string, onReady: (addresses: Addresses) => void): void {
    const event: unknown = JSON.parse(line);
    const ready = readySchema.safeParse(event);
    if (ready.success) return onReady(ready.data);
    const { started, pid } = startedSchema.parse(event);
    this.pids.set(started, pid);
    this.starts[started] = (this.starts[started] ?? 0) + 1;
    for (const watcher of this.watchers) watcher();
  }

  /** Sends a service a signal that ends it and waits until the script has started it again. */
  async end(service: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const pid = this.pids.get(service);
    if (pid === undefined) throw new Error(`service ${service} was never started`);
    const wanted = (this.starts[service] ?? 0) + 1;
    const again = new Promise<void>((resolve) => {
      const watcher = (): void => {
        if ((this.starts[service] ?? 0) < wanted) return;
        this.watchers.delete(watcher);
        resolve();
      };
      this.watchers.add(watcher);
    });
    process.kill(pid, signal);
    await again;
  }

  /** Ends everything as Ctrl-C does; returns the script's exit code. */
  async stop(): Promise<number | null> {
    const exited = once(this.script, 'exit');
    this.script.kill('SIGINT');
    await exited;
    return this.script.exitCode;
  }
}
