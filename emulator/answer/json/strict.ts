import { badRequest } from '../../http/errors';
import { compilePattern } from './pattern';
import { readNode, resolveRef, SchemaError, tupleOf, type SchemaNode } from './node';

const MAX_PROPERTIES = 5000;
const MAX_LEVELS = 10;
/** Of all names of properties and definitions, values of enums and constants together. */
const MAX_CHARS = 120_000;
const MAX_ENUM_VALUES = 1000;
/** An enum of more values than this may hold so many characters. */
const LONG_ENUM = { values: 250, chars: 15_000 } as const;
const FORMATS = ['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'];
const REFUSED = [
  'allOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'unevaluatedProperties',
  'propertyNames',
];
const TYPES = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);

/** What is counted over a whole schema. */
interface Totals {
  properties: number;
  chars: number;
  enumValues: number;
  /** Objects and lists inside of one another, below the root. */
  levels: number;
}

/** A schema of a request, as the API's errors name it. */
interface Checked {
  readonly of: 'response_format' | 'function';
  readonly name: string;
  readonly schema: Record<string, unknown>;
  readonly strict: boolean;
  /** Where it stands in the request. */
  readonly param: string;
}

const CODES = { response_format: 'invalid_json_schema', function: 'invalid_function_parameters' } as const;

/** Checks a schema as the API does before it accepts a request. Throws its 400. */
export function checkSchema({ of, name, schema, strict, param }: Checked): void {
  const totals: Totals = { properties: 0, chars: 0, enumValues: 0, levels: 0 };
  const refuse = (problem: string): never => {
    throw badRequest(`Invalid schema for ${of} '${name}': ${problem}`, param, CODES[of]);
  };
  try {
    const root = readNode(schema);
    if ((strict || of === 'function') && (root.anyOf !== undefined || [root.type].flat().join() !== 'object')) {
      refuse(`schema must be a JSON Schema of 'type: "object"', got 'type: ${typeName(root)}'.`);
    }
    if (of === 'function' && root.properties === undefined) throw new SchemaError([], MISSING_PROPERTIES);
    visit(schema, { root: schema, path: [], level: 0, strict, totals });
    const excess = strict ? excessOf(totals) : null;
    if (excess !== null) refuse(excess);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    refuse(`In context=${tuple(error.path)}, ${error.message}`);
  }
}

/** The API writes types as Python does. */
function typeName({ type, anyOf }: SchemaNode): string {
  if (anyOf !== undefined) return '"anyOf"';
  return type === undefined ? '"None"' : JSON.stringify(type);
}

/** A path as a Python tuple, which ends in a comma where it has one element. */
function tuple(path: readonly string[]): string {
  return `(${path.map((step) => `'${step}'`).join(', ')}${path.length === 1 ? ',' : ''})`;
}

interface Place {
  readonly root: unknown;
  readonly path: readonly string[];
  readonly level: number;
  readonly strict: boolean;
  readonly totals: Totals;
}

function visit(value: unknown, place: Place): void {
  const { path, level, root, strict, totals } = place;
  const node = readNode(value, path);
  if (node.$ref !== undefined) resolveRef(root, node.$ref, path);
  if (node.pattern !== undefined) checkPattern(node.pattern, path);
  if (strict) checkStrict(node, path);
  const isContainer = node.properties !== undefined || node.items !== undefined;
  totals.levels = Math.max(totals.levels, isContainer ? level : 0);
  count(node, totals);
  for (const [step, child, deeper] of childrenOf(node)) {
    visit(child, { ...place, path: [...path, ...step], level: level + (deeper ? 1 : 0) });
  }
}

function count(
  { properties = {}, $defs = {}, definitions = {}, enum: values = [], const: constant }: SchemaNode,
  totals: Totals,
): void {
  const names = Object.keys(properties);
  const texts = [...names, ...Object.keys($defs), ...Object.keys(definitions), ...values.map(asText), asText(constant)];
  totals.properties += names.length;
  totals.enumValues += values.length;
  totals.chars += texts.join('').length;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function* childrenOf(node: SchemaNode): Generator<[step: string[], child: unknown, deeper: boolean]> {
  for (const [key, child] of Object.entries(node.properties ?? {})) yield [['properties', key], child, true];
  if (node.items !== undefined && !Array.isArray(node.items)) yield [['items'], node.items, true];
  for (const [index, child] of tupleOf(node).entries()) yield [['items', String(index)], child, true];
  for (const keyword of ['anyOf', 'oneOf', 'allOf'] as const) {
    for (const [index, child] of (node[keyword] ?? []).entries()) yield [[keyword, String(index)], child, false];
  }
  for (const keyword of ['$defs', 'definitions'] as const) {
    for (const [key, child] of Object.entries(node[keyword] ?? {})) yield [[keyword, key], child, false];
  }
}

function checkStrict(node: SchemaNode, path: readonly string[]): void {
  const refused = REFUSED.find((keyword) => keyword in node);
  if (refused !== undefined) throw new SchemaError(path, `'${refused}' is not permitted.`);
  const described = ['type', 'anyOf', '$ref', 'enum', 'const'].some((keyword) => keyword in node);
  if (!described) throw new SchemaError(path, "schema must have a 'type' key.");
  const types = node.type === undefined ? [] : [node.type].flat();
  const unknown = types.find((type) => !TYPES.has(type));
  if (unknown !== undefined) throw new SchemaError(path, `'${unknown}' is not valid as a type.`);
  if (types.includes('array') && node.items === undefined) throw new SchemaError(path, 'array schema missing items.');
  checkFormat(node, path);
  checkLongEnum(node, path);
  if (types.includes('object')) checkObject(node, path);
}

function checkObject(node: SchemaNode, path: readonly string[]): void {
  if (node.properties === undefined) throw new SchemaError(path, MISSING_PROPERTIES);
  if (node.additionalProperties !== false) {
    throw new SchemaError(path, "'additionalProperties' is required to be supplied and to be false.");
  }
  const missing = Object.keys(node.properties ?? {}).find((key) => node.required?.includes(key) !== true);
  if (missing !== undefined) {
    throw new SchemaError(
      path,
      `'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`,
    );
  }
  const extra = node.required?.find((key) => !Object.hasOwn(node.properties ?? {}, key));
  if (extra !== undefined) throw new SchemaError(path, `Extra required key '${extra}' supplied.`);
}

function checkFormat({ format }: SchemaNode, path: readonly string[]): void {
  if (format === undefined || FORMATS.includes(format)) return;
  throw new SchemaError(path, `'${format}' is not a valid format.`);
}

function checkLongEnum({ enum: values = [] }: SchemaNode, path: readonly string[]): void {
  const chars = values.map(asText).join('').length;
  if (values.length <= LONG_ENUM.values || chars <= LONG_ENUM.chars) return;
  const message = `Expected at most ${LONG_ENUM.chars} characters in an enum of more than ${LONG_ENUM.values} values, but received ${chars}.`;
  throw new SchemaError(path, message);
}

function checkPattern(pattern: string, path: readonly string[]): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SchemaError(path, `'${pattern}' is not a 'regex'.`);
  }
}

const MISSING_PROPERTIES = 'object schema missing properties.';

/** Which limit a schema exceeds, in the API's words; null: none. */
function excessOf({ properties, chars, enumValues, levels }: Totals): string | null {
  if (levels > MAX_LEVELS) return `${levels} levels of nesting exceeds limit of ${MAX_LEVELS}.`;
  if (properties > MAX_PROPERTIES) return `${properties} parameters exceeds limit of ${MAX_PROPERTIES}.`;
  if (enumValues > MAX_ENUM_VALUES) {
    return (
      `Expected at most ${MAX_ENUM_VALUES} enum values in total within a single schema when using structured outputs, ` +
      `but received ${enumValues}. Consider reducing the number of enums, or use 'strict: false' to opt out of ` +
      `structured outputs.`
    );
  }
  return chars > MAX_CHARS
    ? `${chars} characters of names, enum values and constants exceeds limit of ${MAX_CHARS}.`
    : null;
}
