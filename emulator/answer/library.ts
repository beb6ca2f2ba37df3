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

  constructor(readonly passages: readonly Passage[]) {
    this.index = new MiniSearch({
      fields: ['text', 'title', 'section'],
      tokenize: words,
      processTerm: term,
      searchOptions: { boost: { title: 2, section: 1.5 }, combineWith: 'OR' },
    });
    this.index.addAll(
      passages.map((passage, id) => ({
        id,
        text: passage.sentences.join(' '),
        title: passage.source.title,
        section: passage.section ?? '',
      })),
    );
  }

  /** The best passages for a text, best first. */
  search(query: string, limit: number): Hit[] {
    if (terms(query).length === 0) return [];
    return this.index
      .search(query)
      .slice(0, limit)
      .flatMap(({ id, score }) => {
        const passage = this.passages[Number(id)];
        return passage === undefined ? [] : [{ passage, score }];
      });
  }
}
