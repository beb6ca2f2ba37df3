import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Client } from '@temporalio/client';
import { type History } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { type ResearchClient, RunNotFoundError } from '../../client';
import { decodeFirst, DecryptionError } from '../../codec';
import { PIPELINE_WORKFLOW } from '../../contract/names';
import { externalTemporal } from '../../local';
import { replayHistories, type RunHistory } from '../../worker';
import { UsageError } from '../errors';
import { EXIT } from '../exit-codes';
import { Interrupt } from '../interrupt';
import { readJsonFile } from '../load-pipeline';
import { openSession } from '../session';
import { note, outStyle, print } from '../terminal';

/** Options of `durable-research replay`. */
export interface ReplayOptions {
  running?: boolean;
  /** Most open runs that are replayed. */
  limit: number;
  /** Module of the user's own workflows. */
  workflows?: string;
}

/**
 * Replays histories against the workflows of this build: of files, of runs by their ids, and of the open runs of the
 * task queue. Returns the exit code: 1 when any does not fit.
 */
export async function replay(sources: readonly string[], options: ReplayOptions): Promise<number> {
  if (sources.length === 0 && !options.running)
    throw new UsageError('nothing to replay: expected files of histories, ids of runs, or --running');
  // The SDK reports what it replays as warnings and errors of its own; the outcome is told here.
  const telemetryOptions = { logging: { forward: {}, filter: { core: 'ERROR', other: 'ERROR' } } } as const;
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), telemetryOptions });
  const files = sources.filter(isFile);
  const ids = sources.filter((source) => !isFile(source));
  if (ids.length === 0 && !options.running) return replayAll(historiesOf(files), options);
  const interrupt = new Interrupt();
  const session = await openSession(interrupt);
  try {
    const address = externalTemporal(process.env)?.address ?? session.stack?.temporal.address ?? '';
    const server = { ids, research: session.research, address, options };
    return await interrupt.race(replayAll(historiesOf(files, server), options));
  } finally {
    interrupt.release();
    await session.close();
  }
}

/** Of a name that could be either, what exists: ids of runs may hold dots. */
function isFile(source: string): boolean {
  return source.endsWith('.json') || existsSync(source);
}

async function replayAll(histories: AsyncIterable<RunHistory>, { workflows }: ReplayOptions): Promise<number> {
  const workflowsPath = workflows === undefined ? undefined : resolve(workflows);
  let failed = 0;
  let fitting = 0;
  for await (const { workflowId, error } of replayHistories(histories, { workflowsPath })) {
    if (error) failed += 1;
    else fitting += 1;
    const verdict = error ? outStyle()('bad', 'FAILED') : `${outStyle()('good', 'OK')}    `;
    print(`${verdict} ${workflowId}${error ? `: ${firstLine(error)}` : ''}`);
  }
  note(`${fitting} replayed, ${failed} would break.`);
  return failed === 0 ? EXIT.completed : EXIT.failed;
}

interface ServerSources {
  ids: readonly string[];
  research: ResearchClient;
  /** `host:port`: a check of another server than the one that is meant would pass. */
  address: string;
  options: ReplayOptions;
}

async function* historiesOf(files: readonly string[], server?: ServerSources): AsyncGenerator<RunHistory> {
  for (const file of files) yield { workflowId: basename(file, '.json'), history: await readJsonFile(file) };
  if (!server) return;
  const { ids, research, options } = server;
  for (const id of ids) {
    if (!(await research.run(id).describe())) throw new RunNotFoundError(id, research.client.options.namespace);
    yield await fetchHistory(research, id);
  }
  if (options.running) yield* openRuns(server);
}

/** Open runs of the task queue; without a module of the user's, those of the engine's own workflows. */
async function* openRuns({ research, address, options }: ServerSources): AsyncGenerator<RunHistory> {
  const { limit, workflows } = options;
  const { client, taskQueue } = research;
  const { namespace } = client.options;
  const own = workflows === undefined ? ` AND WorkflowType = '${PIPELINE_WORKFLOW}'` : '';
  const query = `TaskQueue = '${taskQueue.replaceAll("'", "''")}' AND ExecutionStatus = 'Running'${own}`;
  const { count } = await client.workflow.count(query);
  note(
    `${count} open ${count === 1 ? 'run' : 'runs'} on task queue "${taskQueue}" at ${address}, namespace "${namespace}".`,
  );
  if (count > limit) note(`The newest ${limit} are replayed; --limit ${count} replays all.`);
  let left = limit;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    if (left === 0) return;
    left -= 1;
    yield await fetchHistory(research, workflowId, runId);
  }
}

async function fetchHistory({ client }: ResearchClient, workflowId: string, runId?: string): Promise<RunHistory> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  await checkReadable(client, workflowId, history);
  return { workflowId, history };
}

/** A history that cannot be decrypted would be taken for one that the workflows break. */
async function checkReadable({ options }: Client, workflowId: string, { events }: History): Promise<void> {
  try {
    await decodeFirst(options.loadedDataConverter, events?.[0]?.workflowExecutionStartedEventAttributes?.input);
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    throw new DecryptionError(`${workflowId} cannot be replayed: ${error.message}`, { cause: error });
  }
}

function firstLine({ name, message }: Error): string {
  return `${name}: ${message.split('\n')[0] ?? ''}`;
}
