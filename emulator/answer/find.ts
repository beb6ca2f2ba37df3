import type { Library } from './library';
import type { Passage } from './passages';
import { terms } from './text';
import type { Topic } from './topics';

/** A sentence, word for word, with the passage that holds it. */
export interface Quote {
  readonly text: string;
  readonly passage: Passage;
}

/** Passages that cover less of a question than this do not answer it. */
const MIN_COVERAGE = 0.5;
/** A hit counts when its score is at least this part of the best one's. */
const MIN_RELATIVE_SCORE = 0.45;
const MIN_PASSAGES = 3;
const SENTENCES_A_PASSAGE = 4;

/** The sentences of a library that speak of a topic, in the order of their sources; empty where none does. */
export function findQuotes(topic: Topic, library: Library, budget: number): Quote[] {
  const { source, query } = topic;
  if (source === null) return quotesFor(query, library, budget);
  const aspects = terms(query).length > 0 ? aspectQuotes(topic, library, budget) : [];
  if (aspects.length > 0) return aspects;
  const own = library.passagesOf(source.id);
  return own.length > 0 ? outline(own, budget) : quotesFor(`${topic.label} ${query}`, library, budget);
}

function aspectQuotes({ source, query, label }: Topic, library: Library, budget: number): Quote[] {
  const hits = library.search(query, passagesFor(budget), source?.id);
  const passages = hits.map((hit) => hit.passage);
  if (library.coverage(`${label} ${query}`, passages) < MIN_COVERAGE) return [];
  return wholeSection(passages[0], query, budget) ?? bestSentences(passages, query, { budget, library });
}

function quotesFor(query: string, library: Library, budget: number): Quote[] {
  const hits = library.search(query, passagesFor(budget) * 2);
  const best = hits[0]?.score ?? 0;
  const passages = hits
    .filter((hit) => hit.score >= best * MIN_RELATIVE_SCORE)
    .slice(0, passagesFor(budget))
    .map((hit) => hit.passage);
  if (library.coverage(query, passages) < MIN_COVERAGE) return [];
  return wholeSection(passages[0], query, budget) ?? bestSentences(passages, query, { budget, library });
}

/** How many passages an answer of some sentences draws on. */
function passagesFor(budget: number): number {
  return Math.max(MIN_PASSAGES, Math.ceil(budget / SENTENCES_A_PASSAGE));
}

/** The best passage as it stands, where its heading is what was asked for. */
function wholeSection(passage: Passage | undefined, query: string, budget: number): Quote[] | null {
  const asked = new Set(terms(query));
  const fits = passage !== undefined && passage.sentences.length <= budget;
  if (!fits || overlap(passage.section ?? '', asked) === 0) return null;
  return passage.sentences.map((text) => ({ text, passage }));
}

/** What a text is about: its opening, then the first sentence of each later section. */
function outline(passages: readonly Passage[], budget: number): Quote[] {
  const [opening, ...others] = passages;
  if (opening === undefined) return [];
  const lead = opening.sentences.slice(0, Math.max(1, Math.ceil(budget / 2)));
  const sections = new Map(others.toReversed().map((passage) => [passage.section ?? passage.position, passage]));
  const heads = others.filter((passage) => sections.get(passage.section ?? passage.position) === passage);
  const quotes = lead.map((text) => ({ text, passage: opening }));
  for (const passage of heads) quotes.push({ text: passage.sentences[0] ?? '', passage });
  return quotes.slice(0, budget);
}

/**
 * The sentences that share most with a query, in their order. A sentence that leans on the one before it brings that one
 * along, and the best ones are followed by their next where room is left. `library` tells how much a word weighs.
 */
export function bestSentences(
  passages: readonly Passage[],
  query: string,
  { budget, library }: { budget: number; library?: Library },
): Quote[] {
  const wanted = new Set(terms(query));
  const all = passages.flatMap((passage) => passage.sentences.map((text) => ({ text, passage })));
  if (all.length <= budget) return all;
  const weightOf = (word: string): number => library?.weightOf(word) ?? 1;
  const ranked = all
    .map((quote, place) => ({ place, score: overlap(quote.text, wanted, weightOf) }))
    .toSorted((a, b) => b.score - a.score || a.place - b.place);
  const enough = (ranked[0]?.score ?? 0) * MIN_RELATIVE_SCORE;
  const best = ranked.filter(({ score }) => score >= enough).slice(0, Math.ceil(budget * 0.6));
  const chosen = new Set<number>();
  for (const { place } of best) {
    const group = leaning(all, place);
    if (chosen.size + group.length <= budget) group.forEach((index) => chosen.add(index));
  }
  for (const { place } of best.slice(0, budget - chosen.size)) {
    if (all[place + 1]?.passage === all[place]?.passage) chosen.add(place + 1);
  }
  const kept = all.filter((_quote, place) => chosen.has(place));
  return kept.length > 0 ? kept : all.slice(0, budget);
}

/** The places of a sentence and of those before it that it needs to be understood. */
function leaning(all: readonly Quote[], place: number): number[] {
  const quote = all[place];
  const leans = quote !== undefined && all[place - 1]?.passage === quote.passage && isDependent(quote.text);
  return leans ? [...leaning(all, place - 1), place] : [place];
}

/** Whether a sentence points back to the one before it. */
export function isDependent(text: string): boolean {
  return /^(?:it|its|this|that|these|those|they|their|such|he|she|both|the two|here|then|thus|therefore|later|in the paper)\b/i.test(
    text,
  );
}

/** What a text shares with the wanted words; each counts once, and as much as it weighs. */
export function overlap(text: string, wanted: ReadonlySet<string>, weightOf: (word: string) => number = one): number {
  const shared = new Set(terms(text).filter((word) => wanted.has(word)));
  return [...shared].reduce((sum, word) => sum + weightOf(word), 0);
}

function one(): number {
  return 1;
}
