/** The strings of a JSON text as paragraphs, or null where it is none. */
export function textOfJson(text: string): string | null {
  const value = parse(text);
  return value === undefined ? null : stringsIn(value).join('\n\n');
}

/**
 * A JSON text as sentences, or null where it is none: each object with the names and values of its fields, such as
 * `city Paris; temperature 21.`, and longer texts as paragraphs of their own.
 */
export function readableJson(text: string): string | null {
  const value = parse(text);
  return value === undefined ? null : sentencesIn(value, '').join('\n\n');
}

function parse(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}

function sentencesIn(value: unknown, name: string): string[] {
  if (Array.isArray(value)) {
    const plain = value.filter(isShort).map(String);
    const own = plain.length === 0 ? [] : [`${name === '' ? '' : `${name}: `}${plain.join(', ')}.`];
    return [...own, ...value.filter((item) => !isShort(item)).flatMap((item) => sentencesIn(item, name))];
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    const plain = entries.filter(([, field]) => isShort(field)).map(([key, field]) => `${key} ${String(field)}`);
    const own = plain.length === 0 ? [] : [`${plain.join('; ')}.`];
    return [
      ...own,
      ...entries.filter(([, field]) => !isShort(field)).flatMap(([key, field]) => sentencesIn(field, key)),
    ];
  }
  return value === null ? [] : [typeof value === 'string' ? value : JSON.stringify(value)];
}

const SHORT_CHARS = 60;

/** Whether a value reads as part of a sentence, and not as a sentence itself. */
function isShort(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= SHORT_CHARS && !/[.!?]\s|[.!?]$/.test(value);
  return typeof value === 'number' || typeof value === 'boolean';
}
