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

/** The sentences that share most words with a query, each followed by the next where room is left. */
export function bestSentences(passages: readonly Passage[], query: string, budget: number): Quote[] {
  const wanted = new Set(terms(query));
  const all = passages.flatMap((passage, rank) =>
    passage.sentences.map((text, place) => ({ text, passage, rank, place, score: overlap(text, wanted) })),
  );
  if (all.length <= budget) return all;
  const ranked = all.toSorted((a, b) => b.score - a.score || a.rank - b.rank || a.place - b.place);
  const best = ranked.slice(0, Math.ceil(budget * 0.6));
  const chosen = new Set(best);
  for (const quote of best) {
    if (chosen.size >= budget) break;
    const next = all[all.indexOf(quote) + 1];
    if (next?.passage === quote.passage) chosen.add(next);
  }
  return all.filter((quote) => chosen.has(quote));
}

/** How many of the wanted words a text holds. */
export function overlap(text: string, wanted: ReadonlySet<string>): number {
  return new Set(terms(text).filter((word) => wanted.has(word))).size;
}
