import { defineUpdate, setHandler } from '@temporalio/workflow';
import { type CarriedRun } from '../contract/carry';
import { parseInput } from '../contract/issues';
import { STEER_UPDATE } from '../contract/names';
import {
  type CarriedSteering,
  MAX_INSTRUCTIONS,
  MAX_TAKERS,
  type Steer,
  steerSchema,
  type Steering,
} from '../contract/steering';
import { type Board } from './board';

type Given = Omit<Steering, 'takenBy'> & {
  /** In which turn each step took it. */
  takenBy: Map<string, number>;
};
type Place = { stepId: string; turn: number; isHeld: boolean };

/** What a person tells the steps of a run while it is at work: each is given it once, with its next create. */
export class Instructions {
  private readonly all: Given[];

  constructor(
    private readonly board: Board,
    /** Called when something was said. */
    private readonly onSaid: () => void,
    carried: readonly CarriedSteering[] = [],
  ) {
    this.all = carried.map(({ takenBy, ...one }) => ({ ...one, takenBy: new Map(takenBy) }));
    if (carried.length > 0) this.show();
  }

  /** Answers the update from now on. */
  listen(): void {
    setHandler(
      defineUpdate<Steering, [unknown]>(STEER_UPDATE),
      (raw) => {
        const given = { id: `steer-${this.all.length + 1}`, ...steerSchema.parse(raw), askedAt: Date.now() };
        this.all.push({ ...given, takenBy: new Map() });
        this.show();
        this.onSaid();
        return { ...given, takenBy: [] };
      },
      {
        description: 'Tells the steps that follow, or one: {"instruction": "…", "stepId"?: "…"}.',
        validator: (raw) => this.check(raw),
      },
    );
  }

  carry(): Pick<CarriedRun, 'steering'> {
    if (this.all.length === 0) return {};
    return { steering: this.all.map(({ takenBy, ...one }) => ({ ...one, takenBy: [...takenBy] })) };
  }

  /**
   * What the next create of a turn says of them. One that was taken is said again where the same turn is created anew,
   * and where the provider does not hold the turn that brought it.
   */
  next(place: Place): string[] {
    return this.for(place).map(({ instruction }) => instruction);
  }

  /** A create is sent that says all of them. */
  taken(place: Place): void {
    const fresh = this.for(place).filter(({ takenBy }) => !takenBy.has(place.stepId));
    for (const { takenBy } of fresh) takenBy.set(place.stepId, place.turn);
    if (fresh.length > 0) this.show();
  }

  /** Warns of those that no create came for: nothing that a person says is lost in silence. */
  warnOfUntaken(): void {
    for (const { id, takenBy } of this.all)
      if (takenBy.size === 0) this.board.warn(`${id} was taken up by no step: none created a response after it came`);
  }

  private for({ stepId, turn, isHeld }: Place): Given[] {
    return this.all.filter((one) => {
      const takenIn = one.takenBy.get(stepId);
      return (one.stepId ?? stepId) === stepId && (takenIn === undefined || takenIn === turn || !isHeld);
    });
  }

  private show(): void {
    const shown = this.all.map(({ takenBy, ...one }) => ({
      ...one,
      takenBy: [...takenBy.keys()].slice(0, MAX_TAKERS),
    }));
    this.board.steered(shown);
  }

  private check(raw: unknown): void {
    const { stepId }: Steer = parseInput(STEER_UPDATE, steerSchema, raw);
    const { stage } = this.board.snapshot();
    if (stage === 'ended' || stage === 'cancelling') throw new Error(`the run takes no instruction: it is ${stage}`);
    const open = this.board.all().filter(({ state }) => state !== 'ended');
    const names =
      open
        .slice(0, MAX_NAMED)
        .map(({ id }) => `"${id}"`)
        .join(', ') || 'none';
    const row = stepId === undefined ? undefined : this.board.row(stepId);
    if (stepId !== undefined && !row) throw new Error(`there is no step "${stepId}"; open steps: ${names}`);
    if (row?.state === 'ended') throw new Error(`step "${stepId}" has ended (${row.outcome}); open steps: ${names}`);
    if (this.all.length >= MAX_INSTRUCTIONS)
      throw new Error(`the run has been given ${this.all.length} instructions, the most that it takes`);
  }
}

/** Steps that a refusal names. */
const MAX_NAMED = 20;
