import { spaced, terms } from '../text';
import { fitText, formatted } from './fit';
import { writeInstance, type Leaves, type Place } from './generate';
import type { Material } from './material';
import { readNode, resolveRef, typesOf, type SchemaNode } from './node';
import { writeNumber } from './numbers';
import { PatternTester } from './pattern';
import { readSpans, type Spans } from './spans';

const INPUT_CHARS = 1000;
const WANTS_TEXT =
  /\b(?:query|queries|question|search|text|prompt|message|topic|content|body|sentence|keywords?|request|instructions?)\b/i;

/** The arguments of a call: a valid instance of the tool's parameters, drawn from what is asked. */
export function draftArguments(parameters: Record<string, unknown>, prompt: string): unknown {
  const asked = { type: 'object', ...parameters };
  const spans = readSpans(prompt);
  const schema = withoutUnasked(readNode(asked), asked, prompt);
  return writeInstance(schema, toMaterial(prompt, spans), new SpanWriter(prompt, spans));
}

/** The free text that a custom tool is called with; `pattern` is a regular expression that it has to match. */
export function draftInput(prompt: string, pattern: string | undefined): string {
  const text = prompt.trim().slice(0, INPUT_CHARS);
  if (pattern === undefined) return text;
  return fitText({ pattern }, [text, ...everySpan(readSpans(prompt))], new PatternTester());
}

/** What the ask does not speak of is left out where it is optional, and null where it may be. */
function withoutUnasked(node: SchemaNode, root: unknown, prompt: string): SchemaNode {
  const asked = new Set(terms(prompt));
  const kept = Object.entries(node.properties ?? {}).flatMap(([name, child]): [string, unknown][] => {
    const inner = readNode(child);
    const property = inner.$ref === undefined ? inner : resolveRef(root, inner.$ref, []);
    if (isSpokenOf(name, property, asked)) return [[name, child]];
    if (node.required?.includes(name) !== true) return [];
    return [[name, isNullable(property) ? { type: 'null' } : child]];
  });
  return { ...node, properties: Object.fromEntries(kept) };
}

function isSpokenOf(name: string, { description = '', enum: values = [] }: SchemaNode, asked: Set<string>): boolean {
  const own = terms([spaced(name), description, ...values.map(String)].join(' '));
  return own.some((word) => asked.has(word));
}

function isNullable(node: SchemaNode): boolean {
  if (node.anyOf !== undefined) return node.anyOf.some((branch) => readNode(branch).type === 'null');
  return typesOf(node).includes('null');
}

/** Every name in the prompt is a focus of its own, so that a list of names gets one item for each. */
function toMaterial(prompt: string, { names }: Spans): Material {
  const foci = (names.length > 0 ? names : [prompt]).map((label) => ({
    label,
    section: null,
    quotes: [prompt, ...names].map((text) => ({ text, passage: PASSAGE })),
  }));
  return { title: prompt, prompt, guidance: '', foci, searched: 'the request', listLength: names.length };
}

const PASSAGE = {
  source: { kind: 'context', id: 'prompt', title: 'the prompt' },
  position: 0,
  section: null,
  sentences: [],
} as const;

/** Draws strings and numbers from a prompt; each piece is used once, as long as there are others. */
class SpanWriter implements Leaves {
  private readonly tester = new PatternTester();
  private readonly used = new Set<unknown>();

  constructor(
    private readonly prompt: string,
    private readonly spans: Spans,
  ) {}

  unused(): number {
    return this.spans.names.length;
  }

  text(node: SchemaNode, { name, focus, inList }: Place): string {
    const known = formatted(node);
    const whole = this.prompt.trim().replace(/\s+/g, ' ').slice(0, INPUT_CHARS);
    const drawn = [...this.fresh(this.spans.names), ...this.fresh(this.spans.objects)];
    const wantsText = WANTS_TEXT.test(`${spaced(name)} ${node.description ?? ''}`);
    const drafts = [
      ...(known === undefined ? [] : [...this.ofFormat(node), known]),
      ...(inList ? [focus?.label ?? whole] : []),
      ...this.behind(name),
      ...this.ofFormat(node),
      ...(wantsText ? [whole] : drawn),
      ...drawn,
      whole,
    ];
    const text = fitText(node, drafts, this.tester);
    this.used.add(text);
    return text;
  }

  number(node: SchemaNode, type: 'number' | 'integer', place: Place): number {
    const given = [...this.behind(place.name).map(Number), ...this.fresh(this.spans.numbers)];
    const value = writeNumber(node, type, { ...place, given: given.filter(Number.isFinite) });
    this.used.add(value);
    return value;
  }

  /** What stands behind the name of a property: `city: Paris`, `from Paris`. */
  private behind(name: string): string[] {
    const words = spaced(name)
      .trim()
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    if (words === '') return [];
    const value = `\\s*(?:[:=]|\\bis\\b|\\bof\\b)?\\s*["'“]?`;
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])${words}(?![\\p{L}\\p{N}])${value}`, 'iu');
    const match = pattern.exec(this.prompt);
    if (match === null) return [];
    const rest = this.prompt.slice(match.index + match[0].length);
    const known = [...this.spans.names, ...this.spans.numbers.map(String)];
    return known.filter((span) => rest.startsWith(span));
  }

  private ofFormat({ format }: SchemaNode): string[] {
    const { emails, urls, dates } = this.spans;
    if (format === 'email') return this.fresh(emails);
    if (format === 'uri' || format === 'url') return this.fresh(urls);
    return format === 'date' || format === 'date-time' ? this.fresh(dates) : [];
  }

  private fresh<T>(spans: readonly T[]): T[] {
    const left = spans.filter((span) => !this.used.has(span));
    return left.length > 0 ? left : [...spans];
  }
}

function everySpan({ names, objects, numbers, dates, emails, urls }: Spans): string[] {
  return [...names, ...objects, ...numbers.map(String), ...dates, ...emails, ...urls];
}
