import type { Passage, Source } from './passages';

/** A citation in an answer, in the API's form. */
export type Annotation =
  | { type: 'url_citation'; url: string; title: string; start_index: number; end_index: number }
  | { type: 'file_citation'; file_id: string; filename: string; index: number };

/** A piece of an answer; pieces with a source are cited. */
export interface Piece {
  readonly text: string;
  readonly source: Source | null;
}

/** Sentences of a passage, word for word. */
export function quote(passage: Passage, sentences: readonly string[]): Piece {
  return { text: sentences.join(' '), source: passage.source };
}

/** Words of the emulator's own, without a citation. */
export function say(text: string): Piece {
  return { text, source: null };
}

/** Joins pieces into paragraphs and computes where each citation stands in the text. */
export function render(paragraphs: readonly (readonly Piece[])[]): { text: string; annotations: Annotation[] } {
  const annotations: Annotation[] = [];
  let text = '';
  for (const pieces of paragraphs) {
    if (text !== '') text += '\n\n';
    pieces.forEach((piece, index) => {
      if (index > 0) text += ' ';
      const start = text.length;
      text += piece.text;
      if (piece.source !== null) annotations.push(...cite(piece.source, start, text.length));
    });
  }
  return { text, annotations };
}

/** The citation of a span of text; what the client itself sent needs none. */
export function cite(source: Source, start: number, end: number): Annotation[] {
  if (source.kind === 'web') {
    return [{ type: 'url_citation', url: source.url, title: source.title, start_index: start, end_index: end }];
  }
  if (source.kind === 'file') {
    return [{ type: 'file_citation', file_id: source.id, filename: source.filename, index: end }];
  }
  return [];
}
