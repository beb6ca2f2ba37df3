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
const MAX_PASSAGES = 3;

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
  const hits = library.search(query, MAX_PASSAGES, source?.id);
  const passages = hits.map((hit) => hit.passage);
  if (library.coverage(`${label} ${query}`, passages) < MIN_COVERAGE) return [];
  return bestSentences(passages, query, budget);
}

function quotesFor(query: string, library: Library, budget: number): Quote[] {
  const hits = library.search(query, MAX_PASSAGES * 2);
  const best = hits[0]?.score ?? 0;
  const passages = hits
    .filter((hit) => hit.score >= best * MIN_RELATIVE_SCORE)
    .slice(0, MAX_PASSAGES)
    .map((hit) => hit.passage);
  if (library.coverage(query, passages) < MIN_COVERAGE) return [];
  return bestSentences(passages, query, budget);
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
 * The sentences that share most words with a query, in their order. A sentence that leans on the one before it brings
 * that one along, and where room is left each is followed by its next.
 */
export function bestSentences(passages: readonly Passage[], query: string, budget: number): Quote[] {
  const wanted = new Set(terms(query));
  const all = passages.flatMap((passage) => passage.sentences.map((text) => ({ text, passage })));
  if (all.length <= budget) return all;
  const ranked = all
    .map((quote, place) => ({ quote, place, score: overlap(quote.text, wanted) }))
    .toSorted((a, b) => b.score - a.score || a.place - b.place);
  const chosen = new Set<Quote>();
  for (const { place } of ranked.slice(0, Math.ceil(budget * 0.6))) {
    const group = leaning(all, place);
    if (chosen.size + group.length <= budget) group.forEach((quote) => chosen.add(quote));
  }
  for (const quote of [...chosen].slice(0, budget - chosen.size)) {
    const next = all[all.indexOf(quote) + 1];
    if (next?.passage === quote.passage) chosen.add(next);
  }
  const best = chosen.size > 0 ? chosen : new Set(all.slice(0, budget));
  return all.filter((quote) => best.has(quote));
}

/** A sentence with those before it that it needs to be understood. */
function leaning(all: readonly Quote[], place: number): Quote[] {
  const quote = all[place];
  if (quote === undefined) return [];
  const before = all[place - 1];
  const leans = before?.passage === quote.passage && isDependent(quote.text);
  return leans ? [...leaning(all, place - 1), quote] : [quote];
}

/** Whether a sentence points back to the one before it. */
export function isDependent(text: string): boolean {
  return /^(?:it|its|this|that|these|those|they|their|such|he|she|both|the two|here|then|thus|therefore|later|in the paper)\b/i.test(
    text,
  );
}

/** How many of the wanted words a text holds. */
export function overlap(text: string, wanted: ReadonlySet<string>): number {
  return new Set(terms(text).filter((word) => wanted.has(word))).size;
}
