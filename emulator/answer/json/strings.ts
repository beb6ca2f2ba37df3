import type { Quote } from '../find';
import { overlap } from '../find';
import type { Source } from '../passages';
import { joinWords, terms } from '../text';
import { ASKS_NAMES, distinctLabels, type Focus, type Material } from './material';
import { fitText, formatted } from './fit';
import type { SchemaNode } from './node';
import { PatternTester } from './pattern';

/** Where a string stands, which decides what kind of text fits when the schema does not describe it. */
export interface StringPlace {
  readonly focus: Focus | undefined;
  /** Place among the strings of its object that have no description, and how many they are. */
  readonly index: number;
  readonly count: number;
  /** The descriptions of its object's fields, joined. */
  readonly described: string;
  /** Where it belongs to the root object itself: whether that holds lists or objects too. */
  readonly root: 'flat' | 'structured' | null;
  /** Ordinal of the array item around it, from 1. */
  readonly ordinal: number;
}

type Kind = 'title' | 'label' | 'heading' | 'sentence' | 'paragraph' | 'question' | 'url' | 'source' | 'id';

const QUESTION = /\b(?:sub-?)?(?:questions?|query|queries)\b/i;

/** What a description asks for. Names of properties are never read: they may be anything. */
const DESCRIBED: readonly [Kind, RegExp][] = [
  ['url', /\b(?:url|uri|link|web ?address)\b/i],
  ['id', /\b(?:id|identifier|slug|key)\b/i],
  ['question', QUESTION],
  ['source', /\b(?:source|filename|file name|document|reference)\b/i],
  ['heading', /\b(?:title|heading|headline|name|label|topic|subject|term)\b/i],
  [
    'paragraph',
    /\b(?:summary|report|overview|answer|paragraph|explanation|markdown|essay|body|conclusion|abstract)\b/i,
  ],
];
const ASKS_QUESTIONS = /\b(?:sub-?questions|questions|quer(?:y|ies))\b/i;
const ASKS_ONE_QUESTION = /\b(?:a|one|single)\s+(?:[\w-]+\s+)?question\b/i;
const PARAGRAPH_SENTENCES = 6;

/** A text placed in a JSON answer, with where it comes from. */
export interface Placed {
  readonly text: string;
  readonly source: Source;
}

/** Writes the strings of one JSON answer; it remembers what was used, so that texts repeat only when none is left. */
export class StringWriter {
  readonly placed: Placed[] = [];
  private readonly tester = new PatternTester();
  private readonly used = new Set<string>();
  private readonly ids = new Set<string>();

  constructor(private readonly material: Material) {}

  /** How many sentences of a focus have not been used yet. */
  unused(focus: Focus): number {
    return focus.quotes.filter((quote) => !this.used.has(quote.text)).length;
  }

  write(node: SchemaNode, place: StringPlace): string {
    const drafts = [this.draft(node, place), ...(node.pattern === undefined ? [] : shortDrafts(place))];
    const text = fitText(node, drafts, this.tester);
    const quote = place.focus?.quotes.find((candidate) => text.includes(candidate.text.slice(0, 40)));
    if (quote !== undefined) this.placed.push({ text, source: quote.passage.source });
    return text;
  }

  private draft(node: SchemaNode, place: StringPlace): string {
    const { focus } = place;
    const fixed = formatted(node);
    if (fixed !== undefined) return fixed;
    if (focus === undefined) return `Nothing was found in ${this.material.searched}.`;
    const description = node.description ?? '';
    const kind = node.format === 'uri' ? 'url' : this.kindOf(description, place);
    const writers: Record<Kind, () => string> = {
      title: () => this.material.title,
      url: () => urlOf(focus),
      source: () => sourceName(focus),
      id: () => this.freshId(focus),
      heading: () => headingOf(focus),
      question: () => (place.root === null ? questionOn(focus) : this.mainQuestion(focus)),
      label: () => focus.label,
      sentence: () => this.bestQuotes(focus, description, 1),
      paragraph: () => this.bestQuotes(focus, description, PARAGRAPH_SENTENCES),
    };
    return writers[kind]();
  }

  private kindOf(description: string, { index, count, root, described: siblings }: StringPlace): Kind {
    const described = DESCRIBED.find(([, pattern]) => pattern.test(description))?.[0];
    if (described !== undefined) return described === 'heading' && root !== null ? 'title' : described;
    if (description !== '') return 'sentence';
    if (root === 'structured' && index === 0)
      return count === 1 && ASKS_ONE_QUESTION.test(this.material.prompt) ? 'question' : 'title';
    if (root !== null && index === count - 1) return 'paragraph';
    if (count === 0 && ASKS_NAMES.test(this.material.prompt)) return 'label';
    const asksQuestions =
      ASKS_QUESTIONS.test(`${this.material.prompt} ${this.material.guidance}`) && !QUESTION.test(siblings);
    if (asksQuestions && index === (count > 2 ? 1 : 0)) return 'question';
    return index === 0 && count > 1 ? 'heading' : 'sentence';
  }

  /** Unused sentences first, those that fit the description before others, in the order of their source. */
  private bestQuotes(focus: Focus, description: string, wanted: number): string {
    const elsewhere = this.material.foci.filter((other) => other !== focus).flatMap((other) => other.quotes);
    const pool: Quote[] = wanted > 1 ? [...focus.quotes, ...elsewhere] : [...focus.quotes];
    const fresh = pool.filter((quote) => !this.used.has(quote.text));
    const candidates = fresh.length > 0 ? fresh : pool;
    const asked = new Set(terms(description));
    const ranked = rankInSource(candidates)
      .map((entry) => ({ ...entry, fit: overlap(entry.quote.text, asked) }))
      .toSorted((a, b) => b.fit - a.fit || a.rank - b.rank);
    const chosen = new Set(ranked.slice(0, wanted).map(({ quote }) => quote));
    chosen.forEach((quote) => this.used.add(quote.text));
    return candidates
      .filter((quote) => chosen.has(quote))
      .map((quote) => quote.text)
      .join(' ');
  }

  /** A question on the whole, for the root of an answer. */
  private mainQuestion(focus: Focus): string {
    const labels = distinctLabels(this.material);
    return labels.length > 1 ? `How do ${joinWords(labels.slice(0, 3))} differ?` : questionOn(focus);
  }

  private freshId(focus: Focus): string {
    const base = slug(headingOf(focus));
    let id = base;
    for (let count = 2; this.ids.has(id); count += 1) id = `${base}-${count}`;
    this.ids.add(id);
    return id;
  }
}

/** Each quote's place among those of its source, so that a few can be taken from every source in turn. */
function rankInSource(quotes: readonly Quote[]): { quote: Quote; rank: number }[] {
  const counts = new Map<string, number>();
  return quotes.map((quote) => {
    const { id } = quote.passage.source;
    const rank = counts.get(id) ?? 0;
    counts.set(id, rank + 1);
    return { quote, rank };
  });
}

/** Short texts, one of which may have the form that a pattern asks for. */
function shortDrafts({ focus, ordinal }: StringPlace): string[] {
  const heading = focus === undefined ? 'none' : headingOf(focus);
  const years = (focus?.quotes ?? []).flatMap((quote) => quote.text.match(/\b(?:1[5-9]|20)\d\d\b/g) ?? []);
  const name = slug(heading);
  return [heading, name, ...years, String(ordinal), `q${ordinal}`, name.replaceAll('-', '_')];
}

function headingOf({ label, section }: Focus): string {
  return section === null ? label : `${label}: ${section}`;
}

function questionOn({ label, section }: Focus): string {
  if (section === null) return `What is ${label}?`;
  const aspect = /^\p{Lu}(?!\p{Lu})/u.test(section) ? section.charAt(0).toLowerCase() + section.slice(1) : section;
  return `What should one know about ${aspect} in ${label}?`;
}

function urlOf(focus: Focus): string {
  const source = focus.quotes[0]?.passage.source;
  return source?.kind === 'web'
    ? source.url
    : `https://emulator.invalid/sources/${encodeURIComponent(source?.id ?? '')}`;
}

function sourceName(focus: Focus): string {
  const source = focus.quotes[0]?.passage.source;
  return source?.kind === 'file' ? source.filename : (source?.title ?? focus.label);
}

function slug(text: string): string {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'item';
}
