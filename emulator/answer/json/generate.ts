import { badRequest } from '../../http/errors';
import { overlap } from '../find';
import { cite, type Annotation } from '../render';
import { terms } from '../text';
import { affinity, ASKS_NAMES, inTurns, type Focus, type Material } from './material';
import { readNode, resolveRef, tupleOf, typesOf, type SchemaNode } from './node';
import { mentionsNumber, writeNumber } from './numbers';
import { StringWriter, type Placed, type StringPlace } from './strings';

/** Below this depth lists stay empty and alternatives take their shortest branch, so that recursion ends. */
const DEEP = 6;
/** No schema within the API's limits is this deep; a schema that needs more has no finite instance. */
const TOO_DEEP = 40;
/** Of an instance: characters that a schema demands, and every value as so many characters. */
const MAX_SIZE = 2_000_000;
const VALUE_SIZE = 40;
const ITEMS_AT_TOP = 3;
const ITEMS_BELOW = 2;
const NUMBER_WORDS: Readonly<Record<string, number>> = {
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  ten: 10,
};
const NEGATIVE = /\b(?:not|no|none|unknown|unclear|missing|insufficient|unsupported|unverified|n\/a|false)\b/i;

/** Where a value of an instance stands. */
export interface Place extends StringPlace {
  readonly depth: number;
  /** The property that holds it, itself or by a list; empty at the root. */
  readonly name: string;
  readonly inList: boolean;
}

/** Writes the strings and numbers of an instance. */
export interface Leaves {
  text(node: SchemaNode, place: Place): string;
  number(node: SchemaNode, type: 'number' | 'integer', place: Place): number;
  /** How many things about a focus have not been said yet. */
  unused(focus: Focus): number;
}

/** Writes an instance of a schema out of what was found, as JSON text with citations of what it quotes. */
export function writeJson(schema: unknown, material: Material): { text: string; annotations: Annotation[] } {
  const strings = new StringWriter(material);
  const leaves: Leaves = {
    text: (node, place) => strings.write(node, place),
    number: writeNumber,
    unused: (focus) => strings.unused(focus),
  };
  const text = JSON.stringify(writeInstance(schema, material, leaves));
  return { text, annotations: annotate(text, strings.placed) };
}

/** Writes an instance of a schema. Throws a 400 where even a small one is too large. */
export function writeInstance(schema: unknown, material: Material, leaves: Leaves): unknown {
  return new InstanceWriter(schema, material, leaves).write(readNode(schema));
}

class InstanceWriter {
  private size = 0;

  constructor(
    private readonly root: unknown,
    private readonly material: Material,
    private readonly leaves: Leaves,
  ) {}

  write(node: SchemaNode): unknown {
    return this.value(node, {
      focus: this.material.foci[0],
      depth: 0,
      name: '',
      inList: false,
      index: 0,
      count: 1,
      described: '',
      root: null,
      ordinal: 1,
    });
  }

  private value(given: SchemaNode, place: Place): unknown {
    const node = this.resolved(given);
    if (place.depth > TOO_DEEP) return null;
    this.grow(VALUE_SIZE + (node.minLength ?? 0));
    if (node.const !== undefined) return node.const;
    if (node.enum !== undefined) return this.choice(node.enum, node, place);
    const branches = node.anyOf ?? node.oneOf;
    if (branches !== undefined)
      return this.branch(
        branches.map((branch) => readNode(branch)),
        place,
      );
    return this.typed(node, this.typeFor(node, place), place);
  }

  /** Nested minimum lengths multiply: a small schema may demand more than fits into memory. */
  private grow(by: number): void {
    this.size += by;
    if (this.size <= MAX_SIZE) return;
    throw badRequest('The schema demands an instance that is too large.', undefined, 'invalid_json_schema');
  }

  private resolved(node: SchemaNode): SchemaNode {
    const whole = node.$ref === undefined ? node : resolveRef(this.root, node.$ref, []);
    return (whole.allOf ?? []).map((part) => this.resolved(readNode(part))).reduce(merge, whole);
  }

  private typed(node: SchemaNode, type: string, place: Place): unknown {
    switch (type) {
      case 'object':
        return this.object(node, place);
      case 'array':
        return this.list(node, place);
      case 'number':
      case 'integer':
        return typesOf(node).includes('null') && !mentionsNumber(node, place.focus)
          ? null
          : this.leaves.number(node, type, place);
      case 'boolean':
        return (place.focus !== undefined) !== NEGATIVE.test(node.description ?? '');
      case 'null':
        return null;
      default:
        return this.leaves.text(node, place);
    }
  }

  /** `null` where nothing was found or where recursion has to end, else the first real type. */
  private typeFor(node: SchemaNode, { focus, depth }: Place): string {
    const types = typesOf(node);
    if (types.includes('null') && (focus === undefined || depth > DEEP)) return 'null';
    return types.find((type) => type !== 'null') ?? 'null';
  }

  private object(node: SchemaNode, place: Place): Record<string, unknown> {
    const entries = Object.entries(node.properties ?? {}).map(([key, child]) => [key, readNode(child)] as const);
    const strings = entries.filter(([, child]) => this.isFreeString(child)).map(([key]) => key);
    const structured = entries.some(([, child]) => /object|array/.test(typesOf(this.resolved(child)).join()));
    const described = entries.map(([, child]) => child.description ?? '').join(' ');
    const root: Place['root'] = place.depth > 0 ? null : structured ? 'structured' : 'flat';
    const at = { depth: place.depth + 1, inList: false, count: strings.length, described, root };
    const values = entries.map(
      ([key, child]) =>
        [key, this.value(child, { ...place, ...at, name: key, index: Math.max(0, strings.indexOf(key)) })] as const,
    );
    return Object.fromEntries(values);
  }

  private isFreeString(child: SchemaNode): boolean {
    const node = this.resolved(child);
    const bound = ['enum', 'const', 'format', 'anyOf', 'description'].some((keyword) => keyword in node);
    return !bound && typesOf(node).includes('string');
  }

  private list(node: SchemaNode, place: Place): unknown[] {
    const { minItems = 0, maxItems = Infinity } = node;
    const tuple = tupleOf(node);
    if (tuple.length > 0)
      return tuple.slice(0, maxItems).map((part) => this.value(readNode(part), { ...place, depth: place.depth + 1 }));
    const item = readNode(node.items ?? {});
    const length = Math.min(maxItems, Math.max(minItems, this.wantedItems(place)));
    const foci = place.depth > 2 ? [place.focus] : this.listFoci(item);
    const list: unknown[] = [];
    for (let index = 0; index < length; index += 1) {
      const focus = foci[index % Math.max(1, foci.length)];
      const inner = {
        focus,
        depth: place.depth + 1,
        name: place.name,
        inList: true,
        index: 0,
        count: 0,
        described: '',
        root: null,
        ordinal: index + 1,
      };
      const value = this.value(item, inner);
      const repeats = typeof value !== 'object' && list.includes(value) && length > minItems;
      if (!repeats) list.push(value);
    }
    return list.length >= minItems ? list : [...list, ...Array.from({ length: minItems - list.length }, () => list[0])];
  }

  /** What the items of a list are about; where names are asked for, each source counts once. */
  private listFoci(item: SchemaNode): readonly Focus[] {
    const foci = inTurns(this.material.foci);
    if (!ASKS_NAMES.test(this.material.prompt) || !this.isFreeString(item)) return foci;
    return foci.filter((focus, index) => foci.findIndex((other) => other.label === focus.label) === index);
  }

  /** As many as the prompt asks for; below the top no more than there are sentences left to say. */
  private wantedItems({ focus, depth }: Place): number {
    const { prompt, guidance } = this.material;
    if (focus === undefined || depth > DEEP) return 0;
    if (depth <= 2)
      return requestedCount(prompt) ?? requestedCount(guidance) ?? this.material.listLength ?? ITEMS_AT_TOP;
    return Math.min(ITEMS_BELOW, this.leaves.unused(focus));
  }

  /** The value whose words stand in what was found; where nothing was, the one that says so. */
  private choice(values: readonly unknown[], node: SchemaNode, { focus }: Place): unknown {
    if (focus === undefined) {
      return values.find((value) => value === null || NEGATIVE.test(spoken(value))) ?? values[0];
    }
    const context = `${node.description ?? ''} ${this.material.prompt}`;
    const scored = values.map((value) => {
      const text = spoken(value);
      const refuses = NEGATIVE.test(text) ? -1 : 0;
      return { value, score: affinity(focus, text) * 2 + overlap(text, new Set(terms(context))) + refuses };
    });
    return scored.toSorted((a, b) => b.score - a.score)[0]?.value;
  }

  private branch(branches: readonly SchemaNode[], place: Place): unknown {
    const preferred = place.focus === undefined || place.depth > DEEP ? branches.find(isNull) : undefined;
    const real = branches.filter((node) => !isNull(node));
    const flat =
      place.depth > DEEP
        ? real.find((node) => node.$ref === undefined && !typesOf(node).includes('object'))
        : undefined;
    const chosen = preferred ?? flat ?? real[0] ?? branches[0];
    return chosen === undefined ? null : this.value(chosen, { ...place, depth: place.depth + 1 });
  }
}

/** A schema that demands what two schemas demand, as far as one can stand for both. */
function merge(left: SchemaNode, { properties, required, ...right }: SchemaNode): SchemaNode {
  const both = properties === undefined ? left.properties : { ...left.properties, ...properties };
  return { ...left, ...right, properties: both, required: [...(left.required ?? []), ...(required ?? [])] };
}

/** An enum's value as words. */
function spoken(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll(/[_-]/g, ' ');
}

function isNull(node: SchemaNode): boolean {
  return node.type === 'null' || node.const === null;
}

function requestedCount(prompt: string): number | null {
  const match = /\b(two|three|four|five|six|seven|eight|ten|\d{1,2})\b(?:\s+[\w-]+){0,2}\s+[\w-]+s\b/i
    .exec(prompt)?.[1]
    ?.toLowerCase();
  if (match === undefined) return null;
  const count = NUMBER_WORDS[match] ?? Number(match);
  return count >= 1 && count <= 20 ? count : null;
}

/** Finds where each quoted string stands in the JSON text. */
function annotate(text: string, placed: readonly Placed[]): Annotation[] {
  let from = 0;
  return placed.flatMap(({ text: quoted, source }) => {
    const encoded = JSON.stringify(quoted).slice(1, -1);
    const start = text.indexOf(encoded, from);
    if (start < 0) return [];
    from = start + encoded.length;
    return cite(source, start, from);
  });
}
