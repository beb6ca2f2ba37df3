import type { Ask } from '../ask';
import type { Findings } from '../compose';
import type { Quote } from '../find';
import type { Source } from '../passages';
import { joinWords, terms } from '../text';

/** One aspect of what was found: the sentences of one section of one source. */
export interface Focus {
  readonly label: string;
  readonly section: string | null;
  readonly quotes: readonly Quote[];
}

/** What a JSON answer is made of. */
export interface Material {
  /** What the whole answer is about. */
  readonly title: string;
  readonly prompt: string;
  /** How the answer is to be done. */
  readonly guidance: string;
  readonly foci: readonly Focus[];
  readonly searched: string;
  /** How many items a list at the top has where nothing else says it. */
  readonly listLength?: number;
}

/** Groups findings by the section they come from, in their order. */
export function toMaterial(
  findings: Findings,
  { prompt, guidance }: Pick<Ask, 'prompt' | 'guidance'>,
  searched: string,
): Material {
  const foci = new Map<string, { label: string; section: string | null; quotes: Quote[] }>();
  const sources = new Set<string>();
  for (const block of findings.blocks) {
    for (const quote of block.quotes) {
      const { source, section } = quote.passage;
      const key = `${source.id}\0${section ?? ''}`;
      // What another text says in passing about the topics makes no aspect of its own.
      if (block.shared === true && !sources.has(source.id)) continue;
      sources.add(source.id);
      const focus = foci.get(key) ?? { label: labelOf(source), section, quotes: [] };
      focus.quotes.push(quote);
      foci.set(key, focus);
    }
  }
  const list = [...foci.values()];
  const title = findings.topics.length > 1 ? joinWords(findings.topics) : (list[0]?.label ?? 'Nothing found');
  return { title, prompt, guidance, foci: list, searched };
}

/** Prompts that want names and not sentences: `Name three protocols`. */
export const ASKS_NAMES =
  /\b(?:name|list)\s+(?:the\s+)?(?:names|two|three|four|five|six|seven|eight|nine|ten|\d+|main|most)\b/i;

/** What the foci are about, each once. */
export function distinctLabels({ foci }: Material): string[] {
  return [...new Set(foci.map((focus) => focus.label))];
}

/** Foci in the order in which a list goes through them: every source in turn, each from its beginning. */
export function inTurns(foci: readonly Focus[]): Focus[] {
  const counts = new Map<string, number>();
  const ranked = foci.map((focus) => {
    const rank = counts.get(focus.label) ?? 0;
    counts.set(focus.label, rank + 1);
    return { focus, rank };
  });
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ focus }) => focus);
}

function labelOf(source: Source): string {
  return source.title.replace(/\s*\([^)]*\)/g, '').trim();
}

/** Numbers that a focus mentions, in order. */
export function numbersIn({ quotes }: Focus): number[] {
  return quotes.flatMap(({ text }) => (text.match(/(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)/g) ?? []).map(Number));
}

/** How many words of a text a focus shares. */
export function affinity(focus: Focus | undefined, text: string): number {
  if (focus === undefined) return 0;
  const known = new Set(
    terms([focus.label, focus.section ?? '', ...focus.quotes.map((quote) => quote.text)].join(' ')),
  );
  return new Set(terms(text).filter((word) => known.has(word))).size;
}
