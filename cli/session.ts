import { Client, Connection } from '@temporalio/client';
import { connect, ResearchClient } from '../client';
import { readDataConverter } from '../codec';
import { ensureRunning, externalTemporal, findRunning, homeDirectory, type LocalStack } from '../local';
import { Interrupt } from './interrupt';
import { LiveRegion } from './live-region';
import { note, noteStyle, sizeOf } from './terminal';
import { truncate } from './text/width';

/** A connection to the server that runs live on. */
export interface Session {
  research: ResearchClient;
  /** The embedded parts of this home; undefined where only the server was asked for and they do not run. */
  stack: LocalStack | undefined;
  close(): Promise<void>;
}

/** A session whose embedded parts run. */
export type StartedSession = Session & { stack: LocalStack };

/** Starts whatever is missing: Temporal server, worker and, without a key, the emulator. */
export async function startSession(interrupt: Interrupt): Promise<StartedSession> {
  const { env } = process;
  // A named server that is down is told at once, not after a worker has given up on it.
  if (externalTemporal(env)) await interrupt.race(reach());
  const progress = new ProgressLine();
  try {
    const starting = ensureRunning({ home: homeDirectory(env), env, onProgress: (text) => progress.show(text) });
    const stack = await interrupt.race(starting);
    return { stack, ...(await connectTo(stack)) };
  } finally {
    progress.end();
  }
}

/**
 * Connects without starting more than is needed to look: a named server is asked as it is, whether a worker runs or not;
 * the server of this home is started where it does not run.
 */
export async function openSession(interrupt: Interrupt): Promise<Session> {
  const { env } = process;
  const stack = await findRunning(homeDirectory(env));
  const named = externalTemporal(env);
  if (!named) return stack ? { stack, ...(await connectTo(stack)) } : startSession(interrupt);
  const research = await interrupt.race(connect());
  // The home's services may work for another server than the one that is asked here.
  const { address } = stack?.temporal ?? {};
  const isSame = address === named.address && stack?.namespace === research.client.options.namespace;
  return { stack: isSame ? stack : undefined, ...closing(research) };
}

/**
 * What a person tells a run, or asks of it. Where a server is named its own workers take it: one that starts here would
 * work for the run with settings of its own.
 */
export async function inSession<T>(use: (session: Session) => Promise<T>): Promise<T> {
  const interrupt = new Interrupt();
  const session = await openSession(interrupt);
  try {
    return await interrupt.race(use(session));
  } finally {
    interrupt.release();
    await session.close();
  }
}

async function reach(): Promise<void> {
  await closing(await connect()).close();
}

async function connectTo({ temporal, namespace, taskQueue }: LocalStack): Promise<Omit<Session, 'stack'>> {
  if (temporal.external) return closing(await connect({ namespace, taskQueue }));
  // Not by Temporal's standard configuration: keys and TLS of a profile belong to another server.
  const connection = await Connection.connect({ address: temporal.address });
  return closing(
    new ResearchClient(new Client({ connection, namespace, dataConverter: readDataConverter() }), taskQueue),
  );
}

function closing(research: ResearchClient): Omit<Session, 'stack'> {
  return { research, close: async () => research.client.connection.close() };
}

/** Page of a run in Temporal's UI; undefined where nobody said where the UI is. */
export function uiLink({ stack, research }: Session, workflowId: string): string | undefined {
  const ui = stack?.temporal.uiUrl;
  if (ui === undefined) return undefined;
  const { namespace } = research.client.options;
  return `${ui}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}

/** What goes on before a run is there: one line in place on a terminal, else one line each. */
export class ProgressLine {
  private readonly region = process.stderr.isTTY ? new LiveRegion(process.stderr) : undefined;

  show(text: string): void {
    if (!this.region) return note(text);
    this.region.draw([noteStyle()('quiet', truncate(text, sizeOf(process.stderr).width - 1))]);
  }

  end(): void {
    this.region?.clear();
  }
}
