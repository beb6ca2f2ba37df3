import { CancellationScope } from '@temporalio/workflow';
import { type CarriedDeletions } from '../contract/carry';
import { bounded } from './activities';
import { type Board } from './board';
import { lastWords } from './failures';
import { type Run } from './run';
import { type Turn } from './turn';

/** How long one response is tried. The step, and what waits for it, takes so much longer at most. */
const LIMIT_MS = 30_000;
/** How long the end of a run is held up, however many there are. */
const RUN_LIMIT_MS = 120_000;
const AT_ONCE = 10;

/** Why a deletion is refused. */
export const NEEDS_STORE =
  'needs an output store of our own, and the worker keeps outputs at the provider alone; set DURABLE_RESEARCH_STORE to "files" or a bucket, or leave it out';

/**
 * Responses that are deleted at the provider, with their step or with the run. None of it without a step that asks for
 * it. A deletion that fails is a warning that names the response: the step has its output all the same.
 */
export class Deletions {
  /** Steps that ask for it. */
  private readonly steps: Set<string>;
  /** Responses that are not deleted yet, with their steps. */
  private readonly due: Map<string, string>;
  private readonly tried = new Set<string>();

  constructor(
    private readonly origin: string,
    private readonly board: Board,
    carried: CarriedDeletions = { steps: [], due: [] },
  ) {
    this.steps = new Set(carried.steps);
    this.due = new Map(carried.due);
  }

  /** Undefined where no step asks for it, so that a version that does not know it can go on with the run. */
  carry(): CarriedDeletions | undefined {
    return this.steps.size === 0 ? undefined : { steps: [...this.steps], due: [...this.due] };
  }

  /** A step has ended, in whatever way: its responses are deleted, or noted for the end of the run. */
  async stepEnded({ step: { id, deleteRemoteAfter = 'never' }, responseIds, adopted }: Turn): Promise<void> {
    if (deleteRemoteAfter === 'never') return;
    this.steps.add(id);
    const ids = adopted ? [...responseIds, adopted.responseId] : responseIds;
    for (const responseId of ids) this.due.set(responseId, id);
    if (deleteRemoteAfter === 'step') await this.deleteAll(ids, Date.now() + LIMIT_MS);
  }

  /** Deletes what is left, and lost responses of these steps that have shown themselves. */
  async runEnded({ ambiguous }: { ambiguous: readonly { stepId: string; responseId?: string }[] }): Promise<void> {
    for (const { stepId, responseId } of ambiguous) {
      if (responseId !== undefined && this.steps.has(stepId) && !this.tried.has(responseId))
        this.due.set(responseId, stepId);
    }
    await this.deleteAll([...this.due.keys()], Date.now() + RUN_LIMIT_MS);
  }

  /** A cancel does not stop it: what was asked to be gone would stay. */
  private deleteAll(responseIds: readonly string[], until: number): Promise<void> {
    return CancellationScope.nonCancellable(async () => {
      for (let i = 0; i < responseIds.length; i += AT_ONCE) {
        await Promise.all(responseIds.slice(i, i + AT_ONCE).map((responseId) => this.deleteOne(responseId, until)));
      }
    });
  }

  private async deleteOne(responseId: string, until: number): Promise<void> {
    const stepId = this.due.get(responseId) ?? '';
    const limit = Math.min(LIMIT_MS, until - Date.now());
    this.due.delete(responseId);
    this.tried.add(responseId);
    try {
      if (limit <= 0) throw new Error('no time was left for it');
      const deleting = bounded(limit, `${stepId} · deleting ${responseId}`);
      await deleting['durableResearch.deleteResponse']({ origin: this.origin, stepId, responseId });
    } catch (error) {
      this.board.warn(`${stepId}: ${responseId} could not be deleted at the provider: ${lastWords(error)}`);
    }
  }
}

/**
 * Deletes, at the provider, the responses of steps with `deleteRemoteAfter: "run"`, and what is left of the others. The
 * `pipeline` does it at its end; a workflow of your own calls it when no step needs them any more, also where it fails.
 * It takes two minutes at most and throws nothing: what could not be deleted is a warning in `progress`.
 */
export function deleteResponses(run: Run): Promise<void> {
  return run.deletions.runEnded(run.ledger.snapshot());
}
