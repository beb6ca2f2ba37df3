import { type Approval, MAX_APPROVALS } from '../contract/approval';
import { type BudgetState } from '../contract/budget';
import { type CarriedBoard } from '../contract/carry';
import { MAX_PROGRESS_ROWS, type Progress, type ProgressQuery, type StepProgress } from '../contract/progress';
import { type Steering } from '../contract/steering';
import { type LedgerBook } from './ledger';

type Row = { at: number; order: number; step: StepProgress };
/** What a row is told; usage and money come from the ledger. */
type RowChange = Partial<Omit<StepProgress, 'id' | 'usage' | 'usd' | 'creates'>>;

/** What a run with a budget shows of it. */
type Budgeting = { state(): BudgetState; need(): string | undefined };

/** What people see of a run: one row a step, versioned so that a reader asks for what changed only. */
export class Board {
  private version = 0;
  private stage: Progress['stage'] = 'starting';
  private isFinishing = false;
  private readonly rows = new Map<string, Row>();
  private readonly warnings: string[] = [];
  private approvals: Approval[] = [];
  private steering: Steering[] = [];
  private budget: Budgeting | undefined;

  constructor(
    private readonly ledger: () => LedgerBook | undefined,
    private readonly onChange: (board: Board) => void,
  ) {}

  enter(stage: Progress['stage']): void {
    this.stage = stage;
    this.changed();
  }

  /** The run has been told to finish, perhaps before it has begun to run. */
  finish(): void {
    this.isFinishing = true;
    this.changed();
  }

  warn(message: string): void {
    this.warnings.push(message);
    this.changed();
  }

  update(id: string, change: RowChange): void {
    const row = this.rows.get(id);
    const before = row?.step ?? { id, state: 'waiting' };
    const step: StepProgress = { ...before, ...change, ...this.spent(id) };
    this.rows.set(id, { at: this.version + 1, order: row?.order ?? this.rows.size, step });
    this.changed();
  }

  /** What waits for a decision of a person. */
  asks(approvals: Approval[]): void {
    this.approvals = approvals;
    this.changed();
  }

  /** What people have told the run. */
  steered(steering: Steering[]): void {
    this.steering = steering;
    this.changed();
  }

  get asked(): readonly Approval[] {
    return this.approvals;
  }

  /** Shows what the run's budget says of itself. */
  show(budget: Budgeting): void {
    this.budget = budget;
  }

  /** Something has changed that is asked for when it is shown. */
  touch(): void {
    this.changed();
  }

  /** Where the budget stands; undefined without one. */
  get spending(): BudgetState | undefined {
    return this.budget?.state();
  }

  /** Why the run is paused; undefined while it is not. */
  get pausedFor(): string | undefined {
    return this.stage === 'running' ? this.budget?.need() : undefined;
  }

  /** Where a step stands; undefined for one that has not been named. */
  row(id: string): StepProgress | undefined {
    return this.rows.get(id)?.step;
  }

  /** Rows in the order in which the steps were named. */
  all(): StepProgress[] {
    return [...this.rows.values()].map(({ step }) => step);
  }

  snapshot({ since = 0 }: ProgressQuery = {}): Progress {
    const rows = [...this.rows.values()];
    const changed = rows.filter(({ at }) => at > since).toSorted((a, b) => a.at - b.at);
    const shown = changed.slice(0, MAX_PROGRESS_ROWS);
    const more = changed.length > shown.length;
    const total = this.ledger()?.total();
    const steps = rows.map(({ step }) => step);
    const { pausedFor } = this;
    return {
      version: more ? (shown.at(-1)?.at ?? this.version) : this.version,
      stage: this.shownStage(pausedFor),
      steps: shown.toSorted((a, b) => a.order - b.order).map(({ step }) => step),
      more,
      counts: {
        total: steps.length,
        ended: steps.filter(({ state }) => state === 'ended').length,
        inProgress: steps.filter(({ state }) => state === 'in_progress').length,
      },
      usage: total?.usage ?? NO_TOKENS,
      usd: total?.usd ?? 0,
      ...(this.budget && { budget: this.budget.state() }),
      simulated: this.ledger()?.snapshot().simulated ?? false,
      waitingFor: [
        ...this.approvals
          .slice(0, MAX_WAITING)
          .map(({ id, question, detail }) => `${id}: ${question}${detail === undefined ? '' : ` ${detail}`}`),
        ...(pausedFor === undefined ? [] : [pausedFor]),
        ...steps
          .filter(({ state, doing }) => state === 'in_progress' || (state === 'creating' && doing !== undefined))
          .slice(0, MAX_WAITING)
          .map(waitingText),
      ],
      approvals: this.approvals.slice(0, MAX_APPROVALS),
      steering: this.steering,
      warnings: this.warnings.slice(-MAX_WARNINGS),
    };
  }

  private shownStage(pausedFor: string | undefined): Progress['stage'] {
    if (pausedFor !== undefined) return 'paused';
    return this.isFinishing && this.stage === 'running' ? 'finishing' : this.stage;
  }

  carry(): CarriedBoard {
    const rows = [...this.rows.values()].map(
      ({ at, step: { usage: _usage, usd: _usd, creates: _creates, ...row } }) => ({
        at,
        ...row,
      }),
    );
    return { version: this.version, rows, warnings: this.warnings.slice(-MAX_WARNINGS) };
  }

  /** Goes on from what people have seen: the version never goes backwards, or they would miss changes. */
  restore({ version, rows, warnings }: CarriedBoard): void {
    for (const [order, { at, ...row }] of rows.entries()) {
      const step = { ...row, ...this.spent(row.id) };
      this.rows.set(row.id, { at, order, step });
    }
    this.warnings.push(...warnings);
    this.version = version;
  }

  private spent(id: string): Pick<StepProgress, 'creates' | 'usage' | 'usd'> {
    const { creates, usage, usd } = this.ledger()?.account(id) ?? { creates: 0, usage: NO_TOKENS, usd: 0 };
    return { creates, usage, usd };
  }

  private changed(): void {
    this.version += 1;
    this.onChange(this);
  }
}

const NO_TOKENS = { input: 0, cached: 0, cacheWrite: 0, output: 0, reasoning: 0 };
const MAX_WAITING = 20;
/** The latest: an answer must fit into one message, however much went wrong. */
const MAX_WARNINGS = 100;

function waitingText({ id, responseId, doing }: StepProgress): string {
  return responseId === undefined && doing ? `${id}: ${doing}` : `${id}: response ${responseId ?? '?'}`;
}
