import { CancellationScope, condition, patched } from '@temporalio/workflow';
import { type Amount, type Budget, type BudgetState, type Cap, type CarriedBudget } from '../contract/budget';
import { type Failure } from '../contract/outcome';
import { type Board } from './board';
import { capText, keptBack, nextToGo, type Portion, shortage, type Standing, type Waiting } from './budget-room';
import { type LedgerBook } from './ledger';
import { type OpenTurn, type Turn } from './turn';

type Queued = Waiting & { place: number; price: () => Amount; refused?: Failure };

/** Amount of the budget that is kept back for some of the final steps. */
export type KeptBack = { stepIds: ReadonlySet<string>; amount: Amount };

interface Deps {
  ledger: () => LedgerBook | undefined;
  board: Board;
  turns: ReadonlyMap<string, OpenTurn>;
  /** Tells a person that the run is paused, and why. */
  onPaused: (pause: { number: number; why: string }) => Promise<void>;
  carried?: CarriedBudget;
}

/** A run's budget, and the creates that wait for room in it. */
export class RunBudget {
  private readonly cap: Cap;
  private readonly queue: Queued[] = [];
  private nextPlace: number;
  private kept: readonly KeptBack[] = [];
  private watching: Promise<void> | undefined;
  private withdrawn: { isOver: (stepId: string) => boolean; reason: string } | undefined;
  private isPaused = false;
  /** Pauses that this execution has told of. */
  private pauses = 0;
  /** Whether an execution before this one has told of the pause that it was in. */
  private isTold: boolean;

  constructor(
    private readonly budget: Budget,
    private readonly deps: Deps,
  ) {
    const { usd, tokens, nextPlace } = { nextPlace: 0, ...budget, ...deps.carried };
    this.cap = { ...(usd !== undefined && { usd }), ...(tokens !== undefined && { tokens }) };
    this.nextPlace = nextPlace;
    this.isTold = deps.carried?.paused ?? false;
  }

  /** From now on so much is kept back. */
  keepBack(kept: readonly KeptBack[]): void {
    this.kept = kept;
  }

  /** Raised caps, and the next place in the queue; who waits is in the turns. */
  carry(): CarriedBudget {
    return { ...this.cap, nextPlace: this.nextPlace, ...(this.isPaused && { paused: true }) };
  }

  get caps(): Readonly<Cap> {
    return this.cap;
  }

  state(): BudgetState {
    const { cap, counted, portions } = this.standing();
    const raiseTo = this.shortage()?.raiseTo;
    return {
      ...cap,
      onExhausted: this.budget.onExhausted ?? 'pause',
      counted,
      ...(raiseTo && { raiseTo }),
      keptBack: keptBack(portions),
    };
  }

  /** What a paused run needs; undefined while it is not paused. */
  need(): string | undefined {
    const short = this.shortage();
    return short && `budget: ${short.text}; raise it by raiseBudget to ${capText(short.raiseTo)} or more`;
  }

  private shortage(): ReturnType<typeof shortage> | undefined {
    const [head] = this.queue;
    const short = this.isPaused && head ? shortage(this.standing(), head) : undefined;
    // A raise that has just come is enough: who waits goes on when this workflow task does.
    return short && Object.keys(short.raiseTo).length > 0 ? short : undefined;
  }

  /** New totals; what the run did not bound stays unbounded. */
  raise(cap: Cap): BudgetState {
    Object.assign(this.cap, cap);
    this.deps.board.touch();
    return this.state();
  }

  /** Lets these steps wait for room no longer, now and from now on. */
  withdraw(isOver: (stepId: string) => boolean, reason: string): void {
    this.withdrawn = { isOver, reason };
    const over = this.queue.filter((queued) => this.isWithdrawn(queued));
    for (const queued of over) this.leave(queued);
  }

  /**
   * Makes room for the next create of a turn, at its worst price, and waits for it where there is none, at no cost. The
   * step's deadline does not pass meanwhile. Returns the failure of a step that will not get any.
   */
  async hold(turn: Turn, price: () => Amount): Promise<Failure | undefined> {
    const { board, ledger } = this.deps;
    const stepId = turn.step.id;
    // Made by an execution of the run before this one.
    if (ledger()?.holds(stepId)) return undefined;
    const rest = turn.rest?.for === 'budget' ? turn.rest : this.lastPlace();
    const queued: Queued = { stepId, worst: price(), price, place: rest.place };
    this.queue.push(queued);
    this.queue.sort((a, b) => a.place - b.place);
    turn.rest = rest;
    try {
      if (!this.mayTake(queued) && !this.isWithdrawn(queued)) {
        this.watching ??= CancellationScope.nonCancellable(() => this.watch());
        board.update(stepId, { state: 'waiting', doing: 'waiting for room in the budget' });
        // The look takes the room as well: two that wait must not both see it.
        await condition(() => queued.refused !== undefined || this.take(queued));
        board.update(stepId, { state: 'creating', doing: undefined });
      }
    } finally {
      turn.rest = undefined;
      this.leave(queued);
    }
    turn.deadlineAt += Date.now() - rest.since;
    return queued.refused;
  }

  /** What a person says makes the creates dearer that are to bring it along, those that wait already included. */
  reprice(): void {
    if (this.queue.length === 0 || !patched(PATCH)) return;
    for (const queued of this.queue) queued.worst = queued.price();
    this.deps.board.touch();
  }

  private isWithdrawn(queued: Queued): boolean {
    const { withdrawn } = this;
    if (!withdrawn?.isOver(queued.stepId)) return false;
    const message = `step "${queued.stepId}" had no room in the budget: ${withdrawn.reason}`;
    queued.refused = { type: 'BudgetExhausted', message };
    return true;
  }

  private lastPlace(): { for: 'budget'; place: number; since: number } {
    this.nextPlace += 1;
    return { for: 'budget', place: this.nextPlace, since: Date.now() };
  }

  /** A step at work goes on where there is room, also in a run that is told to finish. */
  private mayTake(queued: Queued): boolean {
    const isOver = this.withdrawn?.isOver(queued.stepId) ?? false;
    return (!isOver || patched(PATCH_FINISHING)) && this.take(queued);
  }

  private take(queued: Queued): boolean {
    if (nextToGo(this.standing(), this.queue) !== queued || this.isPreceded(queued)) return false;
    this.deps.ledger()?.hold(queued.stepId, queued.worst);
    this.leave(queued);
    return true;
  }

  private leave(queued: Queued): void {
    const index = this.queue.indexOf(queued);
    if (index !== -1) this.queue.splice(index, 1);
  }

  /** Whether one that waited longer, in an execution before this one, has yet to ask again here. */
  private isPreceded({ place }: Queued): boolean {
    const isAbsent = (stepId: string): boolean => this.queue.every((queued) => queued.stepId !== stepId);
    return [...this.deps.turns].some(
      ([stepId, { rest }]) => rest?.for === 'budget' && rest.place < place && isAbsent(stepId),
    );
  }

  /** Steps wait, none of them may go, and nothing is under way that could leave room behind. */
  private isExhausted(): boolean {
    const waits = new Set(this.queue.map(({ stepId }) => stepId));
    const rests = [...this.deps.turns].every(([stepId, turn]) => waits.has(stepId) || asksPerson(turn));
    return waits.size > 0 && rests && nextToGo(this.standing(), this.queue) === undefined;
  }

  private async watch(): Promise<void> {
    for (;;) {
      await condition(() => this.isExhausted());
      if (this.budget.onExhausted === 'stop') this.refuseFirst();
      else await this.pause();
    }
  }

  private refuseFirst(): void {
    const [head] = this.queue;
    if (!head) return;
    const message = `${shortage(this.standing(), head).text}, and onExhausted is "stop"`;
    head.refused = { type: 'BudgetExhausted', message };
    this.leave(head);
  }

  private async pause(): Promise<void> {
    const { board, onPaused } = this.deps;
    this.isPaused = true;
    board.touch();
    if (!this.isTold) void onPaused({ number: (this.pauses += 1), why: this.need() ?? '' });
    this.isTold = false;
    await condition(() => !this.isExhausted());
    this.isPaused = false;
    board.touch();
  }

  private standing(): Standing {
    const { ledger, board } = this.deps;
    const counted = (stepIds?: ReadonlySet<string>): Amount => ledger()?.counted(stepIds) ?? { usd: 0, tokens: 0 };
    const open = this.kept.filter(({ stepIds }) => [...stepIds].some((id) => board.row(id)?.state !== 'ended'));
    const portions = open.map(({ stepIds, amount }): Portion => {
      const taken = counted(stepIds);
      const left = { usd: Math.max(0, amount.usd - taken.usd), tokens: Math.max(0, amount.tokens - taken.tokens) };
      return { stepIds, left };
    });
    return { cap: this.cap, counted: counted(), portions };
  }
}

const PATCH_FINISHING = '0.3.1 lets steps at work take room while the run finishes';
const PATCH = '0.3.1 makes room for what is said while a create waits for it';

/** What waits for a person may do so for days, and leaves no room behind by itself. */
function asksPerson({ rest }: OpenTurn): boolean {
  return rest?.for === 'decision' || rest?.for === 'calls';
}
