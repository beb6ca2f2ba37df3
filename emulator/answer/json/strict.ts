import { badRequest } from '../../http/errors';
import { compilePattern } from './pattern';
import { readNode, resolveRef, SchemaError, type SchemaNode } from './node';

const MAX_PROPERTIES = 5000;
const MAX_LEVELS = 10;
const MAX_NAME_CHARS = 120_000;
const MAX_ENUM_VALUES = 1000;
const LONG_ENUM_VALUES = 250;
const LONG_ENUM_CHARS = 15_000;
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

interface Totals {
  properties: number;
  chars: number;
  enumValues: number;
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
  const totals: Totals = { properties: 0, chars: 0, enumValues: 0 };
  const refuse = (problem: string): never => {
    throw badRequest(`Invalid schema for ${of} '${name}': ${problem}`, param, CODES[of]);
  };
  try {
    const root = readNode(schema);
    if ((strict || of === 'function') && (root.anyOf !== undefined || [root.type].flat().join() !== 'object')) {
      refuse(`schema must be a JSON Schema of 'type: "object"', got 'type: ${typeName(root)}'.`);
    }
    visit(schema, { root: schema, path: [], level: 1, strict, totals });
    checkTotals(totals);
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
  const { path, root, strict, totals } = place;
  if (place.level > MAX_LEVELS) throw new SchemaError(path, `nesting exceeds ${MAX_LEVELS} levels.`);
  const node = readNode(value, path);
  if (node.$ref !== undefined) resolveRef(root, node.$ref, path);
  if (node.pattern !== undefined) checkPattern(node.pattern, path);
  checkEnum(node, path, totals);
  if (strict) checkStrict(node, path);
  for (const [step, child, deeper] of childrenOf(node)) {
    visit(child, { ...place, path: [...path, ...step], level: place.level + (deeper ? 1 : 0) });
  }
  const names = Object.keys(node.properties ?? {});
  totals.properties += names.length;
  totals.chars += names.join('').length;
}

function* childrenOf(node: SchemaNode): Generator<[step: string[], child: unknown, deeper: boolean]> {
  for (const [key, child] of Object.entries(node.properties ?? {})) yield [['properties', key], child, true];
  if (node.items !== undefined) yield [['items'], node.items, true];
  for (const keyword of ['anyOf', 'oneOf'] as const) {
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
  if (!types.includes('object')) return;
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

function checkEnum(node: SchemaNode, path: readonly string[], totals: Totals): void {
  const values = node.enum ?? [];
  const chars = values.map((value) => JSON.stringify(value)).join('').length;
  if (values.length > LONG_ENUM_VALUES && chars > LONG_ENUM_CHARS) {
    throw new SchemaError(
      path,
      `an enum of more than ${LONG_ENUM_VALUES} values may hold ${LONG_ENUM_CHARS} characters.`,
    );
  }
  totals.enumValues += values.length;
  totals.chars += chars;
}

function checkPattern(pattern: string, path: readonly string[]): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SchemaError(path, `'${pattern}' is not a 'regex'.`);
  }
}

function checkTotals({ properties, chars, enumValues }: Totals): void {
  if (properties > MAX_PROPERTIES) throw new SchemaError([], `schema has more than ${MAX_PROPERTIES} properties.`);
  if (chars > MAX_NAME_CHARS) throw new SchemaError([], `names and enum values exceed ${MAX_NAME_CHARS} characters.`);
  if (enumValues > MAX_ENUM_VALUES) throw new SchemaError([], `schema has more than ${MAX_ENUM_VALUES} enum values.`);
}
