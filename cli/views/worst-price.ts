import { type WorstCost } from '../../worker';
import { counted, usd } from '../text/format';

/** What a run can cost, in words. */
export function worstText(
  { usd: once, usdWithRetries, unpriced, pricesDate }: WorstCost,
  steps: number,
  baseUrl: string,
): string {
  const what = `${counted(steps, 'step')} at ${baseUrl}`;
  if (unpriced.length > 0)
    return `${what}. The worst price is unknown: ${unpriced.join(', ')} has no price here; set DURABLE_RESEARCH_PRICES to a file that has it.`;
  const again = usdWithRetries > once ? `, ${usd(usdWithRetries)} if every step fails and is created again` : '';
  return `${what}. Worst price ${usd(once)} (every output as long as it may be${again}), by prices of ${pricesDate}. Most runs cost a small part of it.`;
}
