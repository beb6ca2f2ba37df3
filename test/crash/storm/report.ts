import { type Audit } from './accounts';
import { type Killer } from './killer';
import { type End } from './runs';

/** What a scenario tells of itself. */
export interface Told {
  seed: string;
  startedAt: number;
  killer?: Killer;
  ends: readonly End[];
  /** Default: of nobody. */
  audits?: readonly Audit[];
  more?: readonly string[];
}

/** One scenario, in a few lines. */
export function report(name: string, { seed, startedAt, killer, ends, audits, more = [] }: Told): void {
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  const lines = [
    `crash ${name}, seed ${seed}: ${ends.length} runs in ${seconds} s: ${counts(ends.map(wordOf))}`,
    ...(killer ? [`killed: ${counted(killer.kills)}`] : []),
    ...(audits ? accountLines(audits) : []),
    ...more,
  ];
  process.stdout.write(`${lines.join('\n  ')}\n`);
}

function accountLines(audits: readonly Audit[]): string[] {
  const sum = (of: (audit: Audit) => number): number => audits.reduce((total, audit) => total + of(audit), 0);
  return [
    `responses: ${sum(({ used }) => used)} used, ${sum(({ orphans }) => orphans)} of lost creates, ` +
      `${sum(({ replaced }) => replaced)} replaced by such, ${sum(({ notUsed }) => notUsed)} without use`,
    `ambiguous creates: ${sum(({ ambiguous }) => ambiguous)}, of which ${sum(({ accepted }) => accepted)} were accepted`,
  ];
}

/** How a run ended, by one word. */
export function wordOf(end: End): string {
  if (end.outcome === 'result') return end.result.outcome;
  return end.outcome === 'failed' ? end.type : end.outcome;
}

/** How often each word occurs, most frequent first. */
export function counts(words: readonly string[]): string {
  const found: Record<string, number> = {};
  for (const word of words) found[word] = (found[word] ?? 0) + 1;
  return counted(found);
}

function counted(found: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(found).toSorted(([, a], [, b]) => b - a);
  return sorted.map(([word, count]) => `${count} ${word}`).join(', ') || 'none';
}
