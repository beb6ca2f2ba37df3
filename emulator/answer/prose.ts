import type { Ask } from './ask';
import type { Block, Findings } from './compose';
import { quote, render, say, type Annotation, type Piece } from './render';
import { joinWords, shorten } from './text';

const LABEL_CHARS = 120;
const LONG_SENTENCES = 5;

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
  const [only] = blocks;
  const body =
    blocks.length === 1 && only !== undefined ? longParagraphs(only) : blocks.map((block) => paragraph(block, true));
  const gaps = findings.missing.map((label) => [say(`Nothing was found about “${tidy(label)}” in ${searched}.`)]);
  const brief = ask.limits.sentences <= 2 || ask.limits.words < 60;
  return render([...(brief ? [] : [[say(lead(findings, blocks))]]), ...body, ...gaps]);
}

function lead({ kind, topics }: Findings, blocks: readonly Block[]): string {
  if (kind === 'results') return blocks.length > 1 ? 'What the tools gave:' : `What ${blocks[0]?.label} gave:`;
  if (kind === 'digest') return 'The main points of what came before, in its own words:';
  if (kind === 'compare') {
    return topics.length > 1
      ? `${joinWords(topics.map(tidy))}, compared in the words of the sources:`
      : `Nothing to compare ${tidy(topics[0] ?? 'it')} with was named; this is what the sources say about it alone:`;
  }
  const [only, second] = blocks;
  if (only === undefined || second !== undefined) return 'What the sources say:';
  const isFile = only.quotes[0]?.passage.source.kind === 'file';
  return isFile ? `${tidy(only.label)} says:` : `What the sources say about ${tidy(only.label)}:`;
}

/** A long answer from one source becomes two paragraphs: its opening, and what else it says. */
function longParagraphs(block: Block): Piece[][] {
  const opening = block.quotes.findIndex(({ passage }) => passage !== block.quotes[0]?.passage);
  if (block.quotes.length <= LONG_SENTENCES || opening < 0) return [paragraph(block, false)];
  const part = (quotes: Block['quotes']): Piece[] => paragraph({ ...block, quotes }, false);
  return [part(block.quotes.slice(0, opening)), part(block.quotes.slice(opening))];
}

function paragraph({ label, quotes }: Block, titled: boolean): Piece[] {
  const pieces: Piece[] = titled ? [say(`**${tidy(label)}.**`)] : [];
  let start = 0;
  quotes.forEach(({ passage }, index) => {
    if (quotes[index + 1]?.passage.source.id === passage.source.id) return;
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

/** Leaves out the sentences that an even share of the words has no room for; a quotation is never cut. */
function trimToWords(blocks: readonly Block[], maxWords: number): Block[] {
  const share = maxWords / Math.max(1, blocks.length);
  return blocks.map((block) => {
    let used = 0;
    const quotes = block.quotes.filter(({ text }, index) => {
      used += text.split(/\s+/).length;
      return index === 0 || used <= share;
    });
    return { ...block, quotes };
  });
}

function tidy(label: string): string {
  return shorten(label.replace(/\s+/g, ' ').trim(), LABEL_CHARS).replace(/[.:]+$/, '');
}
