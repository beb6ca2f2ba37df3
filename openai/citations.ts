import { z } from 'zod';
import { type Citation } from '../contract/outcome';
import { type Item } from './port';
import { answerMessages, MESSAGE_SEPARATOR, messageText, type Part } from './text';

/** Most citations of one output: they travel in history. */
const MAX_CITATIONS = 100;
const MAX_TITLE_CHARS = 200;
/** A longer address is left out, and its title stands alone: half an address leads nowhere. */
const MAX_URL_CHARS = 2_048;

const offset = z.number().catch(Number.NaN);
const annotationSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('url_citation'), url: z.string(), title: z.string().nullish(), end_index: offset }),
  z.looseObject({
    type: z.literal('file_citation'),
    file_id: z.string(),
    filename: z.string().nullish(),
    index: offset,
  }),
  z.looseObject({
    type: z.literal('container_file_citation'),
    file_id: z.string(),
    filename: z.string().nullish(),
    end_index: offset,
  }),
]);
const annotationsSchema = z.looseObject({ annotations: z.array(z.unknown()) });
type Annotation = z.infer<typeof annotationSchema>;

/** The sources of an output, in the order of the text, numbered by distinct source; offsets are those of the joined text. */
export function citationsOf(output: readonly Item[], stepId: string): Citation[] {
  const numbers = new Map<string, number>();
  return placed(output)
    .toSorted((a, b) => a.at - b.at)
    .slice(0, MAX_CITATIONS)
    .map(({ annotation, at }) => {
      const source = sourceOf(annotation);
      const key = source.url ?? source.fileId ?? source.title ?? '';
      const number = numbers.get(key) ?? numbers.size + 1;
      numbers.set(key, number);
      return { number, stepId, ...source, at };
    });
}

type Placed = { annotation: Annotation; at: number };

function placed(output: readonly Item[]): Placed[] {
  const found: Placed[] = [];
  let start = 0;
  for (const parts of answerMessages(output)) {
    if (messageText(parts) === '') continue;
    for (const part of parts) {
      const text = messageText([part]);
      found.push(
        ...annotationsOf(part).map((annotation) => ({ annotation, at: start + within(text, placeOf(annotation)) })),
      );
      start += text.length;
    }
    start += MESSAGE_SEPARATOR.length;
  }
  return found;
}

function annotationsOf(part: Part): Annotation[] {
  const parsed = annotationsSchema.safeParse(part);
  return (parsed.success ? parsed.data.annotations : []).flatMap((annotation) => {
    const known = annotationSchema.safeParse(annotation);
    return known.success ? [known.data] : [];
  });
}

function placeOf(annotation: Annotation): number {
  return annotation.type === 'file_citation' ? annotation.index : annotation.end_index;
}

/** An offset that points nowhere cites the end of its part; a mark never stands inside a character. */
function within(text: string, place: number): number {
  if (!Number.isFinite(place)) return text.length;
  const at = Math.min(Math.max(0, Math.trunc(place)), text.length);
  return /[\uDC00-\uDFFF]/.test(text.charAt(at)) ? at + 1 : at;
}

function sourceOf(annotation: Annotation): Pick<Citation, 'url' | 'fileId' | 'title'> {
  const { title, ...place } =
    annotation.type === 'url_citation'
      ? { title: annotation.title, ...(annotation.url.length <= MAX_URL_CHARS && { url: annotation.url }) }
      : { title: annotation.filename, fileId: annotation.file_id };
  return { ...place, ...(title ? { title: title.slice(0, MAX_TITLE_CHARS) } : {}) };
}
