import { type Passage } from './passages';

const MAX_WORDS = 12;
/** From this length on a word also finds those that it begins, such as "leader" finds "leadership". */
const MIN_PREFIX_CHARS = 4;
/** How much a further mention of a word still counts (the k1 of BM25). */
const SATURATION = 1.2;

/** The words of a query, each once. */
export function wordsOf(query: string): string[] {
  return [...new Set(normalized(query).match(/[\p{L}\p{N}]+/gu) ?? [])].slice(0, MAX_WORDS);
}

/** Compared are letters without case and accents. */
function normalized(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** Collects passages that hold words of a query, and tells the best of them. */
export class Ranking {
  private readonly hits: { passage: Passage; counts: number[] }[] = [];
  private readonly passagesWith: number[];
  private readonly patterns: RegExp[];
  private passages = 0;

  constructor(words: readonly string[]) {
    this.passagesWith = words.map(() => 0);
    this.patterns = words.map((word) => {
      const end = word.length < MIN_PREFIX_CHARS ? '(?![\\p{L}\\p{N}])' : '';
      return new RegExp(`(?<![\\p{L}\\p{N}])${word}${end}`, 'gu');
    });
  }

  add(passage: Passage): void {
    this.passages += 1;
    const text = normalized(passage.text);
    const name = normalized(passage.file);
    const counts = this.patterns.map((pattern) => text.match(pattern)?.length ?? 0);
    if (counts.every((count) => count === 0)) return;
    for (const [index, count] of counts.entries())
      if (count > 0) this.passagesWith[index] = (this.passagesWith[index] ?? 0) + 1;
    // A file that is named after a word is more about it.
    const named = this.patterns.map((pattern) => (name.match(pattern) ? 1 : 0));
    this.hits.push({ passage, counts: counts.map((count, index) => count + (named[index] ?? 0)) });
  }

  /** The best passages first: those with the rarest and the most words of the query. */
  best(count: number): { passages: Passage[]; found: number } {
    const scored = this.hits.map(({ passage, counts }) => ({ passage, score: this.score(counts) }));
    const sorted = scored.toSorted((a, b) => b.score - a.score);
    return { passages: sorted.slice(0, count).map(({ passage }) => passage), found: this.hits.length };
  }

  private score(counts: readonly number[]): number {
    return counts.reduce((sum, count, index) => {
      const rarity = Math.log(1 + this.passages / (this.passagesWith[index] || 1));
      return sum + (rarity * count) / (count + SATURATION);
    }, 0);
  }
}
