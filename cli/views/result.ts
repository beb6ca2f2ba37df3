import { type Citation } from '../../contract/outcome';
import { type PipelineResult } from '../../contract/pipeline';

/** Text with its sources, as they come with a result or from the output store. */
export type CitedText = { text: string; citations: readonly Citation[] };

/** The text with `[1]` at each place that is cited. Places of one offset stand in the order of their numbers. */
export function markCitations({ text, citations }: CitedText): string {
  const marks = new Map<number, Set<number>>();
  for (const { at, number } of citations) marks.set(at, (marks.get(at) ?? new Set()).add(number));
  let marked = '';
  let end = 0;
  for (const [at, numbers] of [...marks].toSorted(([a], [b]) => a - b)) {
    marked +=
      text.slice(end, at) +
      [...numbers]
        .toSorted((a, b) => a - b)
        .map((number) => `[${number}]`)
        .join('');
    end = at;
  }
  return marked + text.slice(end);
}

/** One line a source, in the order of their numbers. */
export function sourceLines(citations: readonly Citation[]): string[] {
  const byNumber = new Map(citations.map((citation) => [citation.number, citation]));
  const sources = [...byNumber.values()].toSorted((a, b) => a.number - b.number);
  const width = String(sources.at(-1)?.number ?? '').length + 2;
  return sources.map(({ number, title, url, fileId }) => {
    const places = [title, url ?? (title === undefined ? fileId : undefined)].filter((place) => place !== undefined);
    return `${`[${number}]`.padStart(width)} ${[...new Set(places)].join('  ')}`;
  });
}

/** The whole answer as text: marks, then the list of sources. Ends without a line break. */
export function answerText(cited: CitedText): string {
  const sources = sourceLines(cited.citations);
  const answer = markCitations(cited).trim();
  return sources.length === 0 ? answer : `${answer}\n\nSources\n${sources.join('\n')}`;
}

/** Steps without an output and why, for a run that is not whole. */
export function missingLines({ steps }: PipelineResult): string[] {
  return Object.entries(steps)
    .filter(([, { outcome }]) => outcome !== 'completed')
    .map(([id, { outcome, reason }]) => `${id} ${outcome}${reason === undefined ? '' : `: ${reason}`}`);
}
