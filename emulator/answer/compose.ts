import { documentPassages, type Ask } from './ask';
import { bestSentences, findQuotes, isDependent, overlap, type Quote } from './find';
import { Library } from './library';
import type { Passage } from './passages';
import { joinWords, terms } from './text';
import type { Plan, Topic } from './topics';

/** A part of an answer: what was found on one topic, or in one source of it. */
export interface Block {
  readonly label: string;
  /** Whether it holds sentences on several topics at once. */
  readonly shared?: true;
  readonly quotes: readonly Quote[];
}

/** An answer before it gets a form: prose or JSON. */
export interface Findings {
  readonly kind: Plan['kind'] | 'results';
  /** Labels of what was asked about. */
  readonly topics: readonly string[];
  readonly blocks: readonly Block[];
  /** Labels of topics on which nothing was found. */
  readonly missing: readonly string[];
}

const SENTENCE_WORDS = 4;
const SHARED_SENTENCES = 3;
const CONTRASTING = /\b(?:whereas|unlike|while|but|in contrast|by contrast|differ\w*|compared|instead|resembles?)\b/i;

/** Gathers what the sources say on a plan's topics. Documents that came with the request are searched before others. */
export function gatherFindings(ask: Ask, plan: Plan, library: Library): Findings {
  if (plan.kind === 'digest') return digest(ask, plan, library);
  const libraries = [...attachedLibrary(ask), library];
  const perTopic = Math.max(1, Math.ceil(ask.limits.sentences / plan.topics.length));
  const found = plan.topics.map((topic) => ({ topic, quotes: firstQuotes(topic, libraries, perTopic) }));
  if (found.every(({ quotes }) => quotes.length === 0) && ask.earlierAnswers.length > 0) {
    const earlier = new Library(documentPassages(ask.earlierAnswers));
    found.forEach((entry) => entry.quotes.push(...findQuotes(entry.topic, earlier, perTopic)));
  }
  const blocks = found.flatMap(({ topic, quotes }) =>
    topic.source === null && plan.kind === 'explain' ? bySource(quotes) : [{ label: topic.label, quotes }],
  );
  const shared = plan.kind === 'compare' ? sharedBlock(plan.topics, library, blocks) : [];
  return {
    kind: plan.kind,
    topics: plan.topics.map((topic) => topic.label),
    blocks: [...blocks, ...shared].filter((block) => block.quotes.length > 0),
    missing: found.flatMap(({ topic, quotes }) => (quotes.length === 0 ? [topic.label] : [])),
  };
}

/** What tools gave, each in its turn, and behind it what was found elsewhere. */
export function resultFindings(ask: Ask, elsewhere: Findings | null): Findings {
  const budget = Math.max(1, Math.floor(ask.limits.sentences / ask.toolOutputs.length));
  const blocks = ask.toolOutputs.map((output): Block => {
    const passages = documentPassages([output]);
    return { label: output.title, quotes: bestSentences(passages, ask.prompt, { budget }) };
  });
  return {
    kind: 'results',
    topics: elsewhere?.topics ?? [],
    blocks: [...blocks, ...(elsewhere?.blocks ?? [])].filter((block) => block.quotes.length > 0),
    missing: [],
  };
}

function attachedLibrary(ask: Ask): Library[] {
  return ask.attached.length === 0 ? [] : [new Library(documentPassages(ask.attached))];
}

function firstQuotes(topic: Topic, libraries: readonly Library[], budget: number): Quote[] {
  for (const library of libraries) {
    const quotes = findQuotes(topic, library, budget);
    if (quotes.length > 0) return quotes;
  }
  return [];
}

/** Quotes grouped by their source, in the order in which the sources come up. */
function bySource(quotes: readonly Quote[]): Block[] {
  return [...groupBySource(quotes).values()].map((group) => ({ label: sourceLabel(group[0]?.passage), quotes: group }));
}

function groupBySource(quotes: readonly Quote[]): Map<string, Quote[]> {
  const groups = new Map<string, Quote[]>();
  for (const quote of quotes) {
    const { id } = quote.passage.source;
    groups.set(id, [...(groups.get(id) ?? []), quote]);
  }
  return groups;
}

function sourceLabel(passage: Passage | undefined): string {
  const source = passage?.source;
  if (source === undefined) return '';
  return source.kind === 'file' ? source.filename : source.title;
}

/** Sentences that name several of the compared things say most about them, above all those that set them off. */
function sharedBlock(topics: readonly Topic[], library: Library, blocks: readonly Block[]): Block[] {
  const names = topics.map((topic) => new Set(terms(topic.label)));
  const used = new Set(blocks.flatMap((block) => block.quotes.map((quote) => quote.text)));
  const label = topics.map((topic) => topic.label).join(' and ');
  const own = new Set(topics.map((topic) => topic.source?.id));
  const candidates = library.search(label, 20).flatMap(({ passage }) =>
    passage.sentences
      .filter((text) => !used.has(text) && !isDependent(text))
      .filter((text) => names.filter((name) => overlap(text, name) === name.size).length > 1)
      .map((text) => ({ text, passage, rank: Number(CONTRASTING.test(text)) + Number(own.has(passage.source.id)) })),
  );
  const quotes = candidates.toSorted((a, b) => b.rank - a.rank).slice(0, SHARED_SENTENCES);
  if (quotes.length === 0) return [];
  return [{ label: `${joinWords(topics.map((topic) => topic.label))} together`, shared: true, quotes }];
}

/** The main sentences of what came before, each document in its turn; citations are found again where possible. */
function digest(ask: Ask, plan: Plan, library: Library): Findings {
  const passages = documentPassages([...ask.earlierAnswers, ...ask.attached]);
  const sources = [...new Set(passages.map((passage) => passage.source))].slice(-ask.limits.sentences);
  const perSource = Math.max(1, Math.round(ask.limits.sentences / Math.max(1, sources.length)));
  const seen = new Set<string>();
  const blocks = sources.map((source): Block => {
    const own = passages.filter((passage) => passage.source === source).map((passage) => withoutSeen(passage, seen));
    const chosen = bestSentences(own, `${ask.prompt} ${plan.topics.map((topic) => topic.label).join(' ')}`, {
      budget: perSource,
    });
    const quotes = chosen.slice(0, perSource);
    quotes.forEach((quote) => seen.add(quote.text));
    return { label: source.title, quotes: quotes.map((quote) => recite(quote, library)) };
  });
  return { kind: 'digest', topics: [], blocks: blocks.filter((block) => block.quotes.length > 0), missing: [] };
}

function withoutSeen(passage: Passage, seen: ReadonlySet<string>): Passage {
  return { ...passage, sentences: passage.sentences.filter((text) => isSaid(text) && !seen.has(text)) };
}

/** A whole sentence, as against a heading or the remains of a list. */
function isSaid(text: string): boolean {
  return /[.!?]["')\]]*$/.test(text) && text.split(/\s+/).length >= SENTENCE_WORDS;
}

function recite(quote: Quote, library: Library): Quote {
  const passage = library.holding(quote.text);
  return passage === undefined ? quote : { text: quote.text, passage };
}
