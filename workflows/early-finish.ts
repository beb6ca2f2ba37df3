import { defineUpdate, setHandler } from '@temporalio/workflow';
import { type CarriedRun } from '../contract/carry';
import { type Finishing, type FinishNow, finishNowSchema } from '../contract/finish';
import { parseInput } from '../contract/issues';
import { FINISH_NOW_UPDATE } from '../contract/names';
import { type Approvals } from './approvals';
import { type Board } from './board';
import { type RunBudget } from './budget';
import { type OpenTurn } from './turn';

interface Surroundings {
  board: Board;
  approvals: Approvals;
  budget: RunBudget | undefined;
  turns: ReadonlyMap<string, OpenTurn>;
  /** Steps that run all the same: no other step needs them. */
  finalStepIds: readonly string[];
  carried?: Required<FinishNow>;
}

/** Why a step did not begin. */
export const NOT_BEGUN = 'it had not begun when the run was told to finish (finishNow)';
/** Why a step was stopped. */
export const STOPPED = 'stopped, since the run was told to finish (finishNow)';
const NOT_ASKED = 'the run was told to finish (finishNow), and waits for nobody any more';

/**
 * A run that a person may tell to come to its end: steps that have not begun are skipped, those at work end or are
 * stopped, and final ones run on what there is. Only final steps wait for people and for room in the budget from then on.
 */
export class EarlyFinish {
  private running: Required<FinishNow>['running'] | undefined;
  private readonly finals: ReadonlySet<string>;
  private poke: () => void = () => {};

  constructor(private readonly around: Surroundings) {
    this.finals = new Set(around.finalStepIds);
    this.running = around.carried?.running;
    if (this.running) this.takeEffect();
  }

  /** Answers the update from now on. */
  listen(): void {
    setHandler(
      defineUpdate<Finishing, [unknown?]>(FINISH_NOW_UPDATE),
      (raw = {}) => this.begin(finishNowSchema.parse(raw)),
      {
        description: 'Skips what has not begun and runs the final steps: {} or {"running": "cancel"}.',
        validator: (raw = {}) => this.check(raw),
      },
    );
  }

  carry(): Pick<CarriedRun, 'finish'> {
    return this.running ? { finish: { running: this.running } } : {};
  }

  get isAsked(): boolean {
    return this.running !== undefined;
  }

  /** Called when it is asked for. */
  onAsked(poke: () => void): void {
    this.poke = poke;
  }

  /** Whether a step that has not begun is not to begin any more. */
  skips(stepId: string): boolean {
    return this.isAsked && !this.finals.has(stepId);
  }

  /** Whether a step at work is to end without an output. */
  stops(stepId: string): boolean {
    return this.running === 'cancel' && this.skips(stepId);
  }

  private begin({ running = 'wait' }: FinishNow): Finishing {
    const { board, turns } = this.around;
    const open = board.all().filter(({ state }) => state !== 'ended');
    const final = open.filter(({ id }) => this.finals.has(id));
    const [atWork, others] = [true, false].map((begun) =>
      open.filter(({ id }) => !this.finals.has(id) && turns.has(id) === begun),
    );
    this.running = running;
    this.takeEffect();
    if (running === 'cancel') for (const [stepId, turn] of turns) if (this.skips(stepId)) stop(turn);
    this.poke();
    const ids = (steps: typeof open = []): string[] => steps.map(({ id }) => id);
    return { skipped: ids(others), running: ids(atWork), final: ids(final) };
  }

  private takeEffect(): void {
    this.around.board.finish();
    const isOver = (stepId: string): boolean => this.skips(stepId);
    this.around.approvals.withdraw(isOver, NOT_ASKED);
    this.around.budget?.withdraw(isOver, NOT_ASKED);
  }

  private check(raw: unknown): void {
    const { running } = parseInput(FINISH_NOW_UPDATE, finishNowSchema, raw);
    const { stage } = this.around.board.snapshot();
    if (stage === 'ended' || stage === 'cancelling') throw new Error(`the run cannot be finished: it is ${stage}`);
    if (this.finals.size === 0)
      throw new Error('the run cannot be finished: its workflow names no final steps (openRun({ finalStepIds }))');
    if (this.running === 'cancel' || (this.running && running !== 'cancel'))
      throw new Error(`the run has been told to finish already, with {"running": "${this.running}"}`);
  }
}

/** Stops what the turn has sent. What it is about to send, it does not; tools at work are not torn off. */
export function stop({ own, creates, rest }: OpenTurn): void {
  const waits = rest?.for === 'budget' || rest?.for === 'decision' || rest?.for === 'calls';
  if (creates > 0 && !waits) own?.cancel();
}
