import MiniSearch from 'minisearch';
import type { Passage } from './passages';
import { term, terms, words } from './text';

/** A passage that matched, with the search library's score. */
export interface Hit {
  readonly passage: Passage;
  readonly score: number;
}

/** Passages made searchable. It is built once and never changes. */
export class Library {
  private readonly index: MiniSearch;
  private readonly frequencies = new Map<string, number>();
  private bySentence: Map<string, Passage> | undefined;

  constructor(readonly passages: readonly Passage[]) {
    this.index = new MiniSearch({
      fields: ['text', 'title', 'section'],
      tokenize: words,
      processTerm: term,
      searchOptions: { boost: { title: 0.5 }, combineWith: 'OR' },
    });
    this.index.addAll(passages.map((passage, id) => ({ id, ...searchableFields(passage) })));
    for (const passage of passages) {
      for (const word of passageTerms(passage)) this.frequencies.set(word, (this.frequencies.get(word) ?? 0) + 1);
    }
  }

  /** The passages of one source in their order. */
  passagesOf(sourceId: string): Passage[] {
    return this.passages.filter((passage) => passage.source.id === sourceId);
  }

  /** The best passages for a text, best first, of one source where it is given. */
  search(query: string, limit: number, sourceId?: string): Hit[] {
    if (terms(query).length === 0) return [];
    const filter =
      sourceId === undefined ? {} : { filter: ({ id }: { id: unknown }) => this.sourceAt(id) === sourceId };
    return this.index
      .search(query, filter)
      .slice(0, limit)
      .flatMap(({ id, score }) => {
        const passage = this.passages[Number(id)];
        return passage === undefined ? [] : [{ passage, score }];
      });
  }

  /**
   * How much of a query some passages speak of, from 0 to 1. Rare words weigh more, and words that no passage of the
   * library knows weigh as much as the rarest, so that a question about something else scores low.
   */
  coverage(query: string, passages: readonly Passage[]): number {
    const wanted = new Set(terms(query));
    const present = new Set(passages.flatMap((passage) => [...passageTerms(passage)]));
    let total = 0;
    let matched = 0;
    for (const word of wanted) {
      const weight = this.weightOf(word);
      total += weight;
      if (present.has(word)) matched += weight;
    }
    return total === 0 ? 0 : matched / total;
  }

  /** How much a term tells: the rarer, the more. */
  weightOf(word: string): number {
    return Math.log(1 + this.passages.length / (this.frequencies.get(word) ?? 1));
  }

  /** The passage that holds exactly this sentence. */
  holding(sentence: string): Passage | undefined {
    this.bySentence ??= new Map(this.passages.flatMap((passage) => passage.sentences.map((text) => [text, passage])));
    return this.bySentence.get(sentence);
  }

  private sourceAt(id: unknown): string | undefined {
    return this.passages[Number(id)]?.source.id;
  }
}

function searchableFields({ sentences, source, section }: Passage): { text: string; title: string; section: string } {
  return { text: sentences.join(' '), title: source.title, section: section ?? '' };
}

function passageTerms(passage: Passage): Set<string> {
  const { text, title, section } = searchableFields(passage);
  return new Set(terms(`${title} ${section} ${text}`));
}
