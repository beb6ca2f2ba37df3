import { condition, defineUpdate, setHandler } from '@temporalio/workflow';
import { type Decision, decisionSchema } from '../contract/approval';
import { fromZod, InvalidInputError } from '../contract/issues';
import { DECIDE_APPROVAL_UPDATE } from '../contract/names';
import { type Board } from './board';

/** Its deadline is known once it is asked in this execution of the run. */
type Waiting = { question: string; deadlineAt?: number; decision?: Decision };

/** Questions of a run to a person, and their answers. A question has an id that names its place in the run. */
export class Approvals {
  private readonly waiting = new Map<string, Waiting>();

  constructor(private readonly board: Board) {}

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
  carry(): [string, string][] {
    return [...this.waiting].map(([id, { question }]) => [id, question]);
  }

  /** Questions of an execution before this one: a decision on one may come before it is asked again here. */
  restore(questions: readonly [string, string][]): void {
    for (const [id, question] of questions) this.waiting.set(id, { question });
  }

  /** True while a decision has been taken that nobody has read yet. */
  get decided(): boolean {
    return [...this.waiting.values()].some(({ decision }) => decision !== undefined);
  }

  /** Waits for a decision, until `deadlineAt` at most (milliseconds since 1970); undefined when none came. */
  async ask(id: string, question: string, deadlineAt: number): Promise<Decision | undefined> {
    const waiting: Waiting = this.waiting.get(id) ?? { question };
    waiting.deadlineAt = deadlineAt;
    this.waiting.set(id, waiting);
    this.tell();
    try {
      await condition(() => waiting.decision !== undefined, Math.max(1, deadlineAt - Date.now()));
      return waiting.decision;
    } finally {
      this.waiting.delete(id);
      this.tell();
    }
  }

  private check(raw: unknown): void {
    const parsed = decisionSchema.safeParse(raw);
    if (!parsed.success) throw new InvalidInputError(DECIDE_APPROVAL_UPDATE, fromZod(parsed.error, raw));
    const { id } = parsed.data;
    const waiting = this.waiting.get(id);
    const open = [...this.waiting.keys()].map((name) => `"${name}"`).join(', ') || 'nothing';
    if (!waiting) throw new Error(`nothing waits for a decision under "${id}"; what waits now: ${open}`);
    if (waiting.decision) throw new Error(`"${id}" has been decided already`);
  }

  private tell(): void {
    this.board.asks(
      [...this.waiting].map(([id, { question, deadlineAt = 0 }]) => ({ id, stepId: stepOf(id), question, deadlineAt })),
    );
  }
}

/** Ids begin with their step's, which holds no slash. */
function stepOf(id: string): string {
  return id.split('/')[0] ?? id;
}
