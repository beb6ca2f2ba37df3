import type { Ask } from './ask';
import type { Block, Findings } from './compose';
import { quote, render, say, type Annotation, type Piece } from './render';
import { shorten } from './text';

const LABEL_CHARS = 120;

/** What was searched, as an answer names it: `the 3 files searched`. */
export type Searched = string;

/** Writes findings as paragraphs: a short lead, then a paragraph for each topic or source, quoted word for word. */
export function writeProse(
  findings: Findings,
  ask: Ask,
  searched: Searched,
): { text: string; annotations: readonly Annotation[] } {
  const blocks = trimToWords(findings.blocks, ask.limits.words);
  if (blocks.length === 0) return render([[say(nothingFound(findings, ask, searched))]]);
  const body = blocks.map((block) => paragraph(block, blocks.length > 1));
  const gaps = findings.missing.map((label) => [say(`Nothing was found about “${tidy(label)}” in ${searched}.`)]);
  const brief = ask.limits.sentences <= 2 || ask.limits.words < 60;
  return render([...(brief ? [] : [[say(lead(findings, blocks))]]), ...body, ...gaps]);
}

function lead({ kind, topics }: Findings, blocks: readonly Block[]): string {
  if (kind === 'digest') return 'The main points of what came before, in its own words:';
  if (kind === 'compare') {
    return topics.length > 1
      ? `${joinWords(topics.map(tidy))}, compared in the words of the sources:`
      : `Nothing to compare ${tidy(topics[0] ?? 'it')} with was named; this is what the sources say about it alone:`;
  }
  return blocks.length === 1 ? `What the sources say about ${tidy(blocks[0]?.label ?? '')}:` : 'What the sources say:';
}

function paragraph({ label, quotes }: Block, titled: boolean): Piece[] {
  const pieces: Piece[] = titled ? [say(`**${tidy(label)}.**`)] : [];
  let start = 0;
  quotes.forEach(({ passage }, index) => {
    if (quotes[index + 1]?.passage === passage) return;
    const run = quotes.slice(start, index + 1).map((one) => one.text);
    pieces.push(quote(passage, run));
    start = index + 1;
  });
  return pieces;
}

function nothingFound({ missing }: Findings, ask: Ask, searched: Searched): string {
  const about = missing.length > 0 ? missing.map(tidy) : [tidy(ask.prompt)];
  const named = about.filter((label) => label !== '').map((label) => `“${label}”`);
  return `Nothing was found${named.length === 0 ? '' : ` about ${joinWords(named)}`} in ${searched}.`;
}

function trimToWords(blocks: readonly Block[], maxWords: number): Block[] {
  let left = maxWords;
  return blocks.flatMap((block) => {
    const quotes = block.quotes.filter(({ text }) => {
      const count = text.split(/\s+/).length;
      // A quotation is never cut, so the first one stands even where it alone is too long.
      const fits = count <= left || left === maxWords;
      if (fits) left -= count;
      return fits;
    });
    return quotes.length === 0 ? [] : [{ ...block, quotes }];
  });
}

function tidy(label: string): string {
  return shorten(label.replace(/\s+/g, ' ').trim(), LABEL_CHARS).replace(/[.:]+$/, '');
}

function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
