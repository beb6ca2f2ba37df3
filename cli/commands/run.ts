import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { RunConflictError } from '../../client';
import { type PipelineInput, type PipelinePlan, planPipeline } from '../../contract/pipeline';
import { type HostedTool } from '../../contract/step';
import { type BudgetOptions, withBudget } from '../budget-options';
import { invocation } from '../invocation';
import { confirmCost } from '../confirm-cost';
import { conclude, type ResultOptions } from '../conclude';
import { UsageError } from '../errors';
import { EXIT } from '../exit-codes';
import { Interrupt } from '../interrupt';
import { readJsonFile } from '../load-pipeline';
import { type PriorityOptions, withPriority } from '../priority-options';
import { questionPipeline } from '../question-pipeline';
import { startSession, type StartedSession, uiLink } from '../session';
import { note, print } from '../terminal';
import { uploadForRun } from '../upload-files';
import { withFileSearch } from '../with-files';
import { announceRun, comeBack } from '../words';
import { assertWritable } from '../write-file';

/** Options of `durable-research run`. */
export interface RunOptions extends ResultOptions, BudgetOptions, PriorityOptions {
  pipeline?: string;
  files?: string;
  id?: string;
  new?: boolean;
  live?: boolean;
  detach?: boolean;
  yes?: boolean;
}

/** What a command line asks for, before the files of `--files` are uploaded. */
type Asked = ({ question: string } | { pipeline: PipelineInput }) & { options: RunOptions };

/** Starts a run, or attaches to it, and follows it to its end. Returns the exit code. */
export async function run(words: readonly string[], options: RunOptions): Promise<number> {
  const asked = { ...(await readAsked(words.join(' ').trim(), options)), options };
  const plan = planOf(asked, options.files === undefined ? undefined : 'vs_planned');
  await checkPaths(options);
  const interrupt = new Interrupt();
  const session = await startSession(interrupt);
  try {
    const workflowId = options.id ?? newId();
    const known = options.id !== undefined && !options.new && (await session.research.run(workflowId).describe());
    if (!known && !(await interrupt.race(confirmCost(session, plan, options)))) {
      note('Nothing was started.');
      return EXIT.failed;
    }
    const started = await interrupt.race(start(session, { asked, workflowId, options }));
    interrupt.message = comeBack(workflowId);
    announceRun(session, workflowId);
    if (options.detach) return detach(session, workflowId, options);
    return await conclude(session, started, interrupt, options);
  } finally {
    interrupt.release();
    await session.close();
  }
}

/** Nothing is started for a command line or a file that cannot be used. */
async function readAsked(
  question: string,
  options: RunOptions,
): Promise<{ question: string } | { pipeline: PipelineInput }> {
  if (options.id?.trim() === '') throw new UsageError('--id: expected an id, got an empty text');
  if (options.pipeline !== undefined && question !== '')
    throw new UsageError('expected a question or --pipeline FILE, got both');
  if (options.pipeline === undefined && question === '')
    throw new UsageError(
      `expected a question, as in: ${invocation('run "How does Raft differ from Paxos?"')}; or --pipeline FILE`,
    );
  if (options.pipeline === undefined) return { question };
  const { input } = planPipeline(await readJsonFile(options.pipeline));
  return { pipeline: input };
}

function planOf(asked: Asked, vectorStoreId: string | undefined): PipelinePlan {
  const plan = planPipeline(inputOf(asked, vectorStoreId));
  const bytes = Buffer.byteLength(JSON.stringify(plan.input));
  if (bytes > MAX_INPUT_BYTES)
    throw new UsageError(
      `the pipeline has ${bytes} bytes; Temporal takes at most ${MAX_INPUT_BYTES}. Put large texts into files and give them by --files`,
    );
  return plan;
}

/** Temporal refuses a larger payload. */
const MAX_INPUT_BYTES = 2 * 1024 * 1024;

function inputOf(asked: Asked, vectorStoreId: string | undefined): PipelineInput {
  const webSearch: HostedTool[] = vectorStoreId === undefined ? [{ type: 'web_search' }] : [];
  const input = 'question' in asked ? questionPipeline(asked.question, webSearch) : asked.pipeline;
  const { live } = asked.options;
  const budget = withBudget(input.budget, asked.options);
  const bounded: PipelineInput = { ...input, ...(budget && { budget }), ...withPriority(asked.options) };
  const watched: PipelineInput = live ? { ...bounded, defaults: { wait: 'stream', ...bounded.defaults } } : bounded;
  return vectorStoreId === undefined ? watched : withFileSearch(watched, vectorStoreId);
}

async function checkPaths({ files, out }: RunOptions): Promise<void> {
  if (out !== undefined) await assertWritable(out);
  if (files === undefined) return;
  const found = await stat(files).catch(() => undefined);
  if (!found?.isDirectory())
    throw new UsageError(`--files ${files}: expected a folder, got ${found ? 'a file' : 'nothing of that name'}`);
}

/** Short enough to type, and says nothing: ids are shown and stored where nothing is encrypted. */
function newId(): string {
  return `run-${BigInt(`0x${randomBytes(6).toString('hex')}`)
    .toString(36)
    .padStart(10, '0')}`;
}

type Start = { asked: Asked; workflowId: string; options: RunOptions };

async function start(session: StartedSession, { asked, workflowId, options }: Start) {
  const store = options.files === undefined ? undefined : await uploadForRun(session, options.files);
  const { input } = planOf(asked, store);
  const summary = 'question' in asked ? asked.question : undefined;
  try {
    return await session.research.start(input, { workflowId, startNew: options.new, summary });
  } catch (error) {
    if (!(error instanceof RunConflictError) || options.new) throw error;
    throw new UsageError(
      `run ${workflowId} exists with another input; use another --id, or, once it has ended, --new for a new run under this one`,
      { cause: error },
    );
  }
}

function detach(session: StartedSession, workflowId: string, { json }: RunOptions): number {
  const url = uiLink(session, workflowId);
  if (json) print(JSON.stringify({ workflowId, ...(url !== undefined && { url }) }, null, 2));
  else {
    print(`${workflowId} runs in the background.`);
    print(`  ${invocation(`resume ${workflowId}`)}   follows it to its result`);
    print(`  ${invocation(`status ${workflowId}`)}   shows where it stands`);
    print(`  ${invocation(`cancel ${workflowId}`)}   ends it`);
    if (url !== undefined) print(`  ${url}`);
  }
  return EXIT.completed;
}
