import { randomUUID } from 'node:crypto';
import {
  type Client,
  QueryNotRegisteredError,
  type WorkflowExecutionDescription,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { DecryptionError } from '../codec';
import { type Approval, type Decision } from '../contract/approval';
import { type BudgetState, budgetStateSchema, type Cap } from '../contract/budget';
import { type Finishing, finishingSchema, type FinishNow } from '../contract/finish';
import { type Ledger, ledgerSchema } from '../contract/ledger';
import {
  DECIDE_APPROVAL_UPDATE,
  FINISH_NOW_UPDATE,
  LEDGER_QUERY,
  PROGRESS_QUERY,
  RAISE_BUDGET_UPDATE,
  STEER_UPDATE,
} from '../contract/names';
import { type PipelineResult, pipelineResultSchema } from '../contract/pipeline';
import { type Progress, type ProgressQuery, progressSchema } from '../contract/progress';
import { type Steer, type Steering, steeringSchema } from '../contract/steering';
import { answerOf, inTime } from './answer';
import { RunCancelledError, RunFailedError, RunNotFoundError, UpdateRefusedError } from './errors';
import { type HeldBack, heldBackOf, pendingActivities } from './pending';
import { continuedAs } from './continued-as';
import { follow, type FollowEvent, type FollowOptions } from './follow';
import { readFailures } from './readable-failures';

/** One run, by its id: also where its history has grown long and it goes on in a new execution. */
export class RunHandle {
  /** The execution that was the run's newest when it was last asked for. */
  private newest: string | undefined;

  constructor(
    private readonly client: Client,
    readonly workflowId: string,
    /** One of the run's executions; default: the newest of this id. */
    readonly runId?: string,
  ) {
    if (workflowId.trim() === '') throw new RangeError('expected the id of a run, got an empty one');
    this.newest = runId;
  }

  get namespace(): string {
    return this.client.options.namespace;
  }

  /**
   * Waits for the result, as long as it takes.
   * @throws RunFailedError, RunCancelledError or RunNotFoundError.
   */
  async result(): Promise<PipelineResult> {
    try {
      return pipelineResultSchema.parse(await this.temporal().result());
    } catch (error) {
      throw this.translate(error);
    }
  }

  /**
   * What happens in the run: an event at each change, and the last one with its result. Goes on through restarts of
   * worker and server; says when no worker answers.
   */
  follow(options?: FollowOptions): AsyncIterable<FollowEvent> {
    return follow(this, options);
  }

  /** Asks the run to stop; its responses are cancelled at the provider before it ends. */
  async cancel(): Promise<void> {
    try {
      // By the chain of its executions: the server alone knows which of them is the newest when the cancel arrives.
      const first = this.runId === undefined ? undefined : await this.firstRunId();
      await this.client.workflow.getHandle(this.workflowId, undefined, { firstExecutionRunId: first }).cancel();
    } catch (error) {
      throw this.translate(error);
    }
  }

  /**
   * Where every step stands. Needs a worker, also for a run that has ended; so does everything else that says so, and
   * throws NoAnswerError without one.
   * @throws RunNotFoundError, NoAnswerError, or what `result` throws for a run that was refused before it began.
   */
  async progress(query: ProgressQuery = {}): Promise<Progress> {
    return progressSchema.parse(await this.ask(PROGRESS_QUERY, query));
  }

  /** What waits for a person, 100 of it at most. Needs a worker. */
  async approvals(): Promise<Approval[]> {
    return (await this.progress()).approvals;
  }

  /**
   * Decides on something that waits for a person: `progress` names it in `approvals`. Returns when the run has taken it.
   * @throws UpdateRefusedError for an id that does not wait, one that has been decided already, and a run that has ended;
   * nothing happens. RunNotFoundError for a run that is not known. Needs a worker.
   */
  async decide(decision: Decision): Promise<void> {
    await this.tell(DECIDE_APPROVAL_UPDATE, decision);
  }

  /** The account of the run; undefined before its record is resolved. Needs a worker. */
  async ledger(): Promise<Ledger | undefined> {
    return ledgerSchema.optional().parse((await this.ask(LEDGER_QUERY)) ?? undefined);
  }

  /**
   * Raises the budget of the run to new totals, and returns where it stands then. Needs a worker.
   * @throws UpdateRefusedError for a run without a budget, for a total below what is spent, and after the end; nothing
   * happens. RunNotFoundError for a run that is not known.
   */
  async raiseBudget(cap: Cap): Promise<BudgetState> {
    return budgetStateSchema.parse(await this.tell(RAISE_BUDGET_UPDATE, cap));
  }

  /**
   * Tells the steps of the run something while it is at work: each takes it up with its next create, or the one that is
   * named. `progress` says in `steering` who has. Needs a worker.
   * @throws UpdateRefusedError for an instruction that is empty or too long, a step that is not known or has ended, and a
   * run that has ended; nothing happens. RunNotFoundError for a run that is not known.
   */
  async steer(steer: Steer): Promise<Steering> {
    return steeringSchema.parse(await this.tell(STEER_UPDATE, steer));
  }

  /**
   * Brings the run to its end: steps that have not begun are skipped, those at work end or are cancelled, and the final
   * ones run on what there is. Returns which steps those are. Needs a worker.
   * @throws UpdateRefusedError for a run that is told it again, that is being cancelled, or has ended; nothing happens.
   * RunNotFoundError for a run that is not known.
   */
  async finishNow(options: FinishNow = {}): Promise<Finishing> {
    return finishingSchema.parse(await this.tell(FINISH_NOW_UPDATE, options));
  }

  /**
   * Which steps wait because the provider asks them to: a rate limit, a busy conversation. One description of the run,
   * and where something is held back one `progress` query. Empty for a run that is not known.
   */
  async heldBack(): Promise<HeldBack[]> {
    const described = await this.describe();
    const pending = described ? pendingActivities(described) : [];
    return heldBackOf(pending, []).length === 0 ? [] : heldBackOf(pending, (await this.progress()).steps);
  }

  /** Temporal's own description of the run's newest execution; undefined when there is no such run. */
  async describe(): Promise<WorkflowExecutionDescription | undefined> {
    try {
      for (;;) {
        const described = await inTime(this.client, () => this.temporal().describe());
        const next = await continuedAs(this.client, described);
        if (next === undefined) {
          await readFailures(this.client, described);
          return described;
        }
        this.newest = next;
      }
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  private async tell(update: string, argument: unknown): Promise<unknown> {
    try {
      // Where the run has gone on, the newest execution is the one to tell.
      if (this.runId !== undefined) await this.describe();
      // By its id the run takes it once, however often it is sent.
      const options = { args: [argument] as [unknown], updateId: randomUUID() };
      const call = (): Promise<unknown> => this.temporal().executeUpdate(update, options);
      return await this.answerOf(call, true);
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError)
        throw new UpdateRefusedError(this.workflowId, error.cause?.message ?? error.message, { cause: error });
      const described = error instanceof WorkflowNotFoundError ? await this.describe() : undefined;
      if (described && described.status.name !== 'RUNNING')
        throw new UpdateRefusedError(this.workflowId, `has ended (${described.status.name.toLowerCase()})`, {
          cause: error,
        });
      throw this.translate(error);
    }
  }

  private async ask(name: string, ...args: unknown[]): Promise<unknown> {
    try {
      // An execution that went on in a new one would still answer, with what it knew then.
      if (this.runId !== undefined) await this.describe();
      return await this.answerOf(() => this.temporal().query(name, ...args));
    } catch (error) {
      if (error instanceof QueryNotRegisteredError && (await this.describe())?.status.name !== 'RUNNING')
        await this.result();
      throw isEncoded(error) ? new DecryptionError(unreadable(this.workflowId)) : this.translate(error);
    }
  }

  private async firstRunId(): Promise<string | undefined> {
    return (await this.describe())?.raw.workflowExecutionInfo?.firstRunId || this.runId;
  }

  private answerOf(call: () => Promise<unknown>, mayBeTaken = false): Promise<unknown> {
    const taskQueue = async (): Promise<string> => (await this.describe())?.taskQueue ?? '';
    return answerOf(this.client, { workflowId: this.workflowId, call, taskQueue, mayBeTaken });
  }

  private temporal() {
    return this.client.workflow.getHandle(this.workflowId, this.newest);
  }

  private translate(error: unknown): unknown {
    if (error instanceof WorkflowNotFoundError) return new RunNotFoundError(this.workflowId, this.namespace);
    if (!(error instanceof WorkflowFailedError)) return error;
    if (error.cause instanceof CancelledFailure) return new RunCancelledError(this.workflowId, { cause: error });
    const failure = applicationFailure(error.cause);
    const type = failure?.type ?? error.cause?.name ?? 'Failed';
    const message = failure?.message ?? error.cause?.message ?? error.message;
    const { data: result } = pipelineResultSchema.safeParse(failure?.details?.[0]);
    return new RunFailedError(this.workflowId, { type, message, result }, { cause: error });
  }
}

/** A query's failure comes as its message alone: of one that is encrypted, this is all that is left. */
function isEncoded(error: unknown): boolean {
  return error instanceof QueryNotRegisteredError && error.message === 'Encoded failure';
}

function unreadable(workflowId: string): string {
  return `the worker could not answer for ${workflowId}, and its reason is encrypted. Mostly it lacks the key that this client encrypts with, or has another one of that id: compare DURABLE_RESEARCH_ENCRYPTION_KEYS here and at the worker`;
}

/** The engine's own failure, which may be wrapped in that of an activity. */
function applicationFailure(cause: Error | undefined): ApplicationFailure | undefined {
  if (cause instanceof ApplicationFailure) return cause;
  return cause instanceof ActivityFailure && cause.cause instanceof ApplicationFailure ? cause.cause : undefined;
}
