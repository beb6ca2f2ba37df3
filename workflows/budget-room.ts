import { type Amount, type Cap } from '../contract/budget';

/** A create that waits for room in the budget. */
export type Waiting = { stepId: string; worst: Amount };

/** What is kept back for some of the final steps, less what they have taken of it. */
export type Portion = { stepIds: ReadonlySet<string>; left: Amount };

/** Where a budget stands: `counted` is what was spent, is under way at its worst price, or is in doubt at that. */
export type Standing = { cap: Cap; counted: Amount; portions: readonly Portion[] };

const KINDS = ['usd', 'tokens'] as const;
/** Sums of prices are not exact: a cap that equals what is needed must do. */
const TOLERANCE = 1e-9;

/**
 * Which of the creates that wait may go now; undefined when none may. First come, first served: a small one does not pass
 * a large one, or the large one would wait for ever, what runs would depend on who ends first, and what a person is
 * asked for would be gone when it comes. Only a final step may pass, with what is kept back for it: nobody else can have
 * that.
 */
export function nextToGo<W extends Waiting>(standing: Standing, queue: readonly W[]): W | undefined {
  const [head, ...others] = queue;
  if (!head || fits(standing, head)) return head;
  return others.find((waiting) => {
    const own = portionOf(standing, waiting.stepId);
    return own && isWithin(standing.cap, waiting.worst, own.left) && fits(standing, waiting);
  });
}

function fits(standing: Standing, { stepId, worst }: Waiting): boolean {
  return isWithin(standing.cap, worst, leftFor(standing, stepId));
}

function isWithin(cap: Cap, worst: Amount, room: Amount): boolean {
  return KINDS.every((kind) => cap[kind] === undefined || worst[kind] <= room[kind] + TOLERANCE);
}

function portionOf({ portions }: Standing, stepId: string): Portion | undefined {
  return portions.find(({ stepIds }) => stepIds.has(stepId));
}

/** What a step may take: neither what others count for, nor what is kept back for others. */
function leftFor(standing: Standing, stepId: string): Amount {
  const kept = keptBack(standing.portions.filter(({ stepIds }) => !stepIds.has(stepId)));
  const { cap, counted } = standing;
  return {
    usd: (cap.usd ?? Number.POSITIVE_INFINITY) - counted.usd - kept.usd,
    tokens: (cap.tokens ?? Number.POSITIVE_INFINITY) - counted.tokens - kept.tokens,
  };
}

/** What is kept back in all. */
export function keptBack(portions: readonly Portion[]): Amount {
  return portions.reduce((sum, { left }) => ({ usd: sum.usd + left.usd, tokens: sum.tokens + left.tokens }), {
    usd: 0,
    tokens: 0,
  });
}

/** What a create lacks, and to which totals the budget would have to be raised: for people. */
export function shortage(standing: Standing, { stepId, worst }: Waiting): { text: string; raiseTo: Cap } {
  const left = leftFor(standing, stepId);
  const short = KINDS.filter((kind) => !isWithin({ [kind]: standing.cap[kind] }, worst, left));
  const kept = keptBack(standing.portions.filter(({ stepIds }) => !stepIds.has(stepId)));
  const texts = short.map((kind) => {
    const beside = kept[kind] > 0 ? ` beside ${amountText(kind, kept[kind])} kept back for the final steps` : '';
    const has = `${amountText(kind, Math.max(0, left[kind]))} of ${amountText(kind, standing.cap[kind] ?? 0)} is left`;
    return kind === 'usd'
      ? `may cost up to ${amountText(kind, worst.usd)}, ${has}${beside}`
      : `may use up to ${amountText(kind, worst.tokens)}, ${has}${beside}`;
  });
  const needed = short.map(
    (kind) => [kind, roundUp(kind, (standing.cap[kind] ?? 0) + worst[kind] - left[kind])] as const,
  );
  return { text: `step "${stepId}" ${texts.join(' and ')}`, raiseTo: Object.fromEntries(needed) };
}

/** A cap in words: `$2.50 and 200000 tokens`. */
export function capText({ usd, tokens }: Cap): string {
  const parts = [usd && amountText('usd', usd), tokens && amountText('tokens', tokens)];
  return parts.filter(Boolean).join(' and ');
}

function amountText(kind: 'usd' | 'tokens', amount: number): string {
  return kind === 'usd' ? `$${amount.toFixed(amount < 1 ? 4 : 2)}` : `${Math.floor(amount)} tokens`;
}

/** What a person types must do: cents, or hundredths of them where that is much. */
function roundUp(kind: 'usd' | 'tokens', amount: number): number {
  const unit = kind === 'tokens' ? 1 : amount < 1 ? 10_000 : 100;
  return Math.ceil(amount * unit - TOLERANCE) / unit;
}
