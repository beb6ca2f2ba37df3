import { defineSignal, setHandler } from '@temporalio/workflow';
import { type CarriedOrphans } from '../contract/carry';
import { RESPONSE_SEEN_SIGNAL } from '../contract/names';
import { type ResponseSeen, responseSeenSchema } from '../contract/seen';
import { type Board } from './board';
import { type LedgerBook } from './ledger';
import { numberOf, type OpenTurn } from './turn';

type CreateId = { stepId: string; turn: number; create: number };

/**
 * Responses of creates whose answers were lost. Nobody waits for them and the provider lists none: they show themselves
 * by a webhook at their end, which a gateway hands on as the signal `responseSeen`.
 */
export class Orphans {
  private readonly known = new Set<string>();
  /** Seen before the fate of their create was known. */
  private readonly early = new Map<string, ResponseSeen>();

  constructor(
    private readonly ledger: () => LedgerBook | undefined,
    private readonly board: Board,
    /** Turns at work: a lost response of one may become its own. */
    private readonly turns: ReadonlyMap<string, OpenTurn>,
  ) {}

  /** Answers the signal from now on; one that does not parse becomes a warning. */
  listen(): void {
    setHandler(defineSignal<[unknown]>(RESPONSE_SEEN_SIGNAL), (raw) => {
      const parsed = responseSeenSchema.safeParse(raw);
      if (parsed.success) this.seen(parsed.data);
      else this.board.warn(`a signal ${RESPONSE_SEEN_SIGNAL} could not be read: ${parsed.error.issues[0]?.message}`);
    });
  }

  carry(): CarriedOrphans {
    return { known: [...this.known], early: [...this.early.values()] };
  }

  restore({ known, early }: CarriedOrphans): void {
    for (const responseId of known) this.known.add(responseId);
    for (const seen of early) this.early.set(keyOf(seen), seen);
  }

  /** The answer of a create arrived: its response is no orphan. */
  answered(create: CreateId, responseId: string): void {
    this.known.add(responseId);
    this.early.delete(keyOf(create));
  }

  /** The provider says that it does not know a response whose id it has told: if it shows itself, it is found. */
  forgotten(responseId: string): void {
    this.known.delete(responseId);
  }

  /** The answer of a create is lost; its response may have been seen already. */
  lost(create: CreateId): void {
    const seen = this.early.get(keyOf(create));
    if (seen) this.found(seen);
  }

  private seen(seen: ResponseSeen): void {
    // Its end is in history already: whatever it says now, it is no second answer.
    if (this.known.has(seen.responseId)) return this.ledger()?.bookLate(seen.stepId, seen);
    if (this.ledger()?.isAmbiguous(seen)) this.found(seen);
    else this.early.set(keyOf(seen), seen);
  }

  private found(seen: ResponseSeen): void {
    const { responseId, stepId, create, status } = seen;
    this.known.add(responseId);
    this.early.delete(keyOf(seen));
    this.board.warn(`${stepId}: the lost answer of create ${create} was found: ${responseId}, ${status}`);
    const turn = this.turns.get(stepId);
    const awaited = turn !== undefined && !turn.adopted && seen.turn === numberOf(turn) && !turn.turns?.calls.length;
    const adopted = awaited && (status === 'completed' || turn.rest?.for === 'lost answer');
    this.ledger()?.bookFound(seen, adopted ? undefined : seen);
    if (!adopted) return;
    turn.adopted = seen;
    turn.own?.cancel();
  }
}

function keyOf({ stepId, turn, create }: CreateId): string {
  return `${stepId}/${turn}/${create}`;
}
