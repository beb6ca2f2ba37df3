import Ajv from 'ajv';
import type { Draft } from '../answer/draft';
import type { TextFormat } from '../responses/request';
import type { Order } from './orders';

/**
 * The answer with what it was told to say: behind its own text, or in its place where earlier instructions are to be
 * ignored. A JSON answer says it in its first text that still fits the schema then.
 */
export function withSaid<D extends Pick<Draft, 'text' | 'annotations'>>(
  draft: D,
  orders: readonly Order[],
  format: TextFormat,
): D {
  const said = orders
    .filter(({ kind }) => kind !== 'ignore')
    .map((order) => (order.kind === 'say' ? order.text : order.sentence));
  if (said.length === 0) return draft;
  const text = [...new Set(said)].join('\n\n');
  const alone = orders.some(({ kind }) => kind === 'ignore');
  if (format.type !== 'text') return { ...draft, text: inJson(draft.text, text, format) };
  return alone ? { ...draft, text, annotations: [] } : { ...draft, text: `${draft.text}\n\n${text}` };
}

function inJson(json: string, said: string, format: TextFormat): string {
  const accepts = new Ajv({ strict: false, validateFormats: false }).compile(
    format.type === 'json_schema' ? format.schema : {},
  );
  const value: unknown = JSON.parse(json);
  for (const changed of replacements(value, said)) {
    if (accepts(changed)) return JSON.stringify(changed);
  }
  return json;
}

/** The value with one of its texts replaced: the first, then the second, and so on. */
function* replacements(value: unknown, said: string): Generator {
  if (typeof value === 'string') yield said;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, field] of Object.entries(value)) {
    for (const changed of replacements(field, said)) {
      yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed };
    }
  }
}
