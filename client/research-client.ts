import { randomUUID } from 'node:crypto';
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { DEFAULT_TASK_QUEUE, PIPELINE_WORKFLOW } from '../contract/names';
import { type PipelineInput, planPipeline } from '../contract/pipeline';
import type { pipeline } from '../workflows';
import { RunConflictError } from './errors';
import { sameInput } from './same-input';
import { RunHandle } from './run-handle';

/** Options of {@link ResearchClient.start}. */
export interface StartOptions {
  /** Id of the run. Starting it twice attaches to the same run. Default: a random one. */
  workflowId?: string;
  /** Start a new run although a closed one has this id. Default false. */
  startNew?: boolean;
  /** Shown in Temporal's UI, at most 200 bytes. Default: the beginning of the first prompt. */
  summary?: string;
}

/**
 * Starts and finds runs, for services.
 * @example
 * const research = await connect();
 * const run = await research.start({ steps: [{ id: 'answer', prompt: 'How does Raft differ from Paxos?' }] });
 * console.log((await run.result()).text);
 */
export class ResearchClient {
  constructor(
    readonly client: Client,
    readonly taskQueue: string = DEFAULT_TASK_QUEUE,
  ) {}

  /**
   * Starts a pipeline; idempotent by its id: a run that exists is attached to, open or closed.
   * @throws InvalidInputError before anything is started, naming the path that is wrong.
   * @throws RunConflictError when a run with another input has this id.
   */
  async start(input: PipelineInput, options: StartOptions = {}): Promise<RunHandle> {
    planPipeline(input);
    const workflowId = options.workflowId ?? `pipeline-${randomUUID()}`;
    const runId = await this.startOrFind(workflowId, input, options);
    return options.startNew ? this.run(workflowId, runId) : this.attach(workflowId, input, runId);
  }

  /** A handle on a run that exists; nothing is asked yet. */
  run(workflowId: string, runId?: string): RunHandle {
    return new RunHandle(this.client, workflowId, runId);
  }

  /** The server alone decides whether a run of this id exists: asked first, it might begin and end in between. */
  private async startOrFind(workflowId: string, input: PipelineInput, options: StartOptions): Promise<string> {
    try {
      const handle = await this.client.workflow.start<typeof pipeline>(PIPELINE_WORKFLOW, {
        args: [input],
        workflowId,
        taskQueue: this.taskQueue,
        workflowIdConflictPolicy: options.startNew ? 'FAIL' : 'USE_EXISTING',
        workflowIdReusePolicy: options.startNew ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
        staticSummary: summaryOf(options.summary ?? input.steps[0]?.prompt ?? workflowId),
      });
      return handle.firstExecutionRunId;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      if (options.startNew) throw new RunConflictError(workflowId, 'still open');
      const existing = await this.run(workflowId).describe();
      if (!existing) throw error;
      return existing.runId;
    }
  }

  private async attach(workflowId: string, input: PipelineInput, runId: string): Promise<RunHandle> {
    if (!(await sameInput(this.client, { workflowId, runId }, input)))
      throw new RunConflictError(workflowId, 'another input');
    return this.run(workflowId, runId);
  }
}

const MAX_SUMMARY_CHARS = 60;

function summaryOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > MAX_SUMMARY_CHARS ? `${line.slice(0, MAX_SUMMARY_CHARS)}…` : line;
}
