import { condition, defineUpdate, setHandler } from '@temporalio/workflow';
import { type Approval, type Decision, decisionSchema } from '../contract/approval';
import { type CarriedQuestion } from '../contract/carry';
import { parseInput } from '../contract/issues';
import { DECIDE_APPROVAL_UPDATE } from '../contract/names';
import { type Board } from './board';
import { type OpenTurn } from './turn';

type Waiting = { approval: Approval; told: boolean; decision?: Decision };

/** Questions of a run to a person, and their answers. A question has an id that names its place in the run. */
export class Approvals {
  private readonly waiting = new Map<string, Waiting>();
  private telling = 0;
  private withdrawn: { isOver: (stepId: string) => boolean; reason: string } | undefined;

  constructor(
    private readonly board: Board,
    /** Tells a person that something waits; undefined where nobody is told. */
    private readonly onAsked: (approval: Approval) => Promise<void> | undefined,
  ) {}

  /** Answers the update from now on. A decision on something that does not wait is refused before it is recorded. */
  listen(): void {
    setHandler(
      defineUpdate<Decision, [unknown]>(DECIDE_APPROVAL_UPDATE),
      (raw) => {
        const decision = decisionSchema.parse(raw);
        const waiting = this.waiting.get(decision.id);
        if (waiting) waiting.decision = decision;
        return decision;
      },
      {
        description: 'Decides what the run waits for: {"id": "…", "approve": true}; ids stand in progress.approvals.',
        validator: (raw) => this.check(raw),
      },
    );
  }

  /** The open questions. */
  carry(): CarriedQuestion[] {
    return [...this.waiting.values()].map(({ approval, told }) => ({ ...approval, told }));
  }

  /** Questions of an execution before this one: a decision on one may come before it is asked again here. */
  restore(questions: readonly CarriedQuestion[], turns: ReadonlyMap<string, OpenTurn>): void {
    for (const one of questions) {
      const { told, ...approval } = Array.isArray(one) ? fromPair(one, turns) : one;
      this.waiting.set(approval.id, { approval, told });
    }
    if (questions.length > 0) this.show();
  }

  /** True while a decision has been taken that nobody has read yet, or a person is being told of a question. */
  get busy(): boolean {
    return this.telling > 0 || [...this.waiting.values()].some(({ decision }) => decision !== undefined);
  }

  /** Rejects what these steps ask, now and from now on: nobody is to wait for it any more. */
  withdraw(isOver: (stepId: string) => boolean, reason: string): void {
    this.withdrawn = { isOver, reason };
    for (const waiting of this.waiting.values()) waiting.decision ??= this.withdrawal(waiting.approval);
  }

  /** Waits for a decision, until the deadline at most (milliseconds since 1970); undefined when none came. */
  async ask(
    asked: Omit<Approval, 'askedAt' | 'deadlineAt'>,
    deadline: (askedAt: number) => number,
  ): Promise<Decision | undefined> {
    const { id } = asked;
    const before = this.waiting.get(id);
    const askedAt = before?.approval.askedAt ?? Date.now();
    const deadlineAt = deadline(askedAt);
    const waiting: Waiting = Object.assign(before ?? { told: false }, { approval: { ...asked, askedAt, deadlineAt } });
    waiting.decision ??= this.withdrawal(asked);
    if (waiting.decision) {
      this.waiting.delete(id);
      return waiting.decision;
    }
    this.waiting.set(id, waiting);
    this.show();
    this.tell(waiting);
    try {
      await condition(() => waiting.decision !== undefined, Math.max(1, deadlineAt - Date.now()));
      return waiting.decision;
    } finally {
      this.waiting.delete(id);
      this.show();
    }
  }

  private check(raw: unknown): void {
    const { id } = parseInput(DECIDE_APPROVAL_UPDATE, decisionSchema, raw);
    const waiting = this.waiting.get(id);
    const open = [...this.waiting.keys()].map((name) => `"${name}"`).join(', ') || 'nothing';
    if (!waiting) throw new Error(`nothing waits for a decision under "${id}"; what waits now: ${open}`);
    if (waiting.decision) throw new Error(`"${id}" has been decided already`);
  }

  private withdrawal({ id, stepId }: Pick<Approval, 'id' | 'stepId'>): Decision | undefined {
    const { withdrawn } = this;
    return withdrawn?.isOver(stepId) ? { id, approve: false, reason: withdrawn.reason } : undefined;
  }

  private tell(waiting: Waiting): void {
    const telling = waiting.told ? undefined : this.onAsked(waiting.approval);
    if (!telling) return;
    this.telling += 1;
    void telling.finally(() => {
      this.telling -= 1;
      waiting.told = true;
    });
  }

  private show(): void {
    this.board.asks([...this.waiting.values()].map(({ approval }) => approval));
  }
}

/** Such a question was about a create, and its time was the step's. Ids begin with their step's, which holds no slash. */
function fromPair(
  [id, question]: [string, string],
  turns: ReadonlyMap<string, OpenTurn>,
): Approval & { told: boolean } {
  const stepId = id.split('/')[0] ?? id;
  const [askedAt, deadlineAt] = [Date.now(), turns.get(stepId)?.deadlineAt ?? Date.now()];
  return { id, kind: 'create', stepId, question, askedAt, deadlineAt, onDeadline: 'reject', told: false };
}
