import { type Ledger } from '../../contract/ledger';
import { count, usd } from '../text/format';

/** What a run used and cost, in a few sentences. `models` are those that answered or were asked for. */
export function costLines(ledger: Ledger, models: readonly string[]): string[] {
  const { usage, toolFeesUsd } = ledger.total;
  const tokens = `${count(usage.input)} input (${count(usage.cached)} cached), ${count(usage.output)} output (${count(usage.reasoning)} reasoning) tokens`;
  const fees = toolFeesUsd > 0 ? `, of it ${usd(toolFeesUsd)} for tool calls` : '';
  const name = models.length > 0 ? models.join(' and ') : 'the model';
  const price = ledger.simulated
    ? `Nothing was spent: the offline emulator answered, by quoting texts. With ${name} it would cost ${usd(ledger.total.usd)}${fees}`
    : `${usd(ledger.total.usd)}${fees}`;
  return [
    `${tokens}.`,
    `${price}, by prices of ${ledger.pricesDate}.`,
    ...unpricedLines(ledger),
    ...doubtLines(ledger),
  ];
}

function unpricedLines({ unpriced }: Ledger): string[] {
  if (unpriced.length === 0) return [];
  return [
    `That is a lower bound: ${unpriced.join(', ')} has no price here; set DURABLE_RESEARCH_PRICES to a file that has it.`,
  ];
}

/** What may have cost more than is booked. */
export function doubtLines({ ambiguous, possiblyRunning, costUnknown }: Ledger): string[] {
  return [
    ...ambiguous.map(
      ({ stepId, create, reason, worstUsd }) =>
        `${stepId}: create ${create} is ambiguous, and may have been billed${atMost(worstUsd)}: ${reason}`,
    ),
    ...possiblyRunning.map(
      ({ stepId, responseId, reason, worstUsd }) =>
        `${stepId}: ${responseId} may still be running at the provider${atMost(worstUsd)}: ${reason}`,
    ),
    ...costUnknown.map(
      ({ stepId, responseId, reason, worstUsd }) =>
        `${stepId}: what ${responseId} cost is unknown and not in the sum${atMost(worstUsd)}: ${reason}`,
    ),
  ];
}

function atMost(worstUsd: number | undefined): string {
  return worstUsd === undefined ? '' : ` (at most ${usd(worstUsd)})`;
}
