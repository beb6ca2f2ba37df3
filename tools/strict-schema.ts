import { z } from 'zod';

/** A JSON schema, or a part of one. */
export type JsonSchema = { [keyword: string]: unknown };

/** What the API takes of a schema in strict mode. Other keywords are left out: the arguments are parsed by zod all the same. */
const KEPT = new Set(
  'type properties required additionalProperties items anyOf enum const description title $ref $defs pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems'.split(
    ' ',
  ),
);
const FORMATS = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid']);
/** They say what no other keyword can: left out, the model would be told another schema. */
const REFUSED: Record<string, string> = {
  allOf: 'intersection; write one object',
  prefixItems: 'tuple; write an object, or a list of one kind',
  patternProperties: 'record; write a list of objects with a key and a value',
  propertyNames: 'record; write a list of objects with a key and a value',
};
/** Limits of the API. */
const MAX_DEPTH = 10;
const MAX_PROPERTIES = 5_000;
const MAX_ENUM_VALUES = 1_000;

/**
 * The arguments of a tool as the API takes them in strict mode: every property is required, and nothing else may come.
 * A field with a default counts as required, and so does one that may be null (`nullish()`).
 * @throws TypeError naming the field that strict mode cannot express, and what to write instead.
 */
export function strictParameters(parameters: z.ZodObject): JsonSchema {
  // Those without a JSON schema, such as dates, come out empty, which is refused by their path.
  const schema = z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const counted = { properties: 0, enumValues: 0 };
  const strict = toStrict(schema, { path: 'parameters', depth: 1, counted });
  if (counted.properties > MAX_PROPERTIES)
    throw new TypeError(`parameters: expected at most ${MAX_PROPERTIES} properties, got ${counted.properties}`);
  if (counted.enumValues > MAX_ENUM_VALUES)
    throw new TypeError(`parameters: expected at most ${MAX_ENUM_VALUES} values of enums, got ${counted.enumValues}`);
  return strict;
}

type Place = { path: string; depth: number; counted: { properties: number; enumValues: number } };

function toStrict(given: JsonSchema, place: Place): JsonSchema {
  const { path, depth, counted } = place;
  const { oneOf, ...rest } = given;
  // The kinds of a discriminated union exclude each other, so that either word means the same.
  const schema: JsonSchema = oneOf === undefined ? rest : { ...rest, anyOf: oneOf };
  for (const [keyword, what] of Object.entries(REFUSED))
    if (schema[keyword] !== undefined) throw new TypeError(`${path}: the API takes no ${what}`);
  if (!['type', 'anyOf', 'enum', 'const', '$ref'].some((keyword) => schema[keyword] !== undefined))
    throw new TypeError(`${path}: expected a type that JSON has, such as a string; the API takes no other`);
  if (depth > MAX_DEPTH) throw new TypeError(`${path}: expected at most ${MAX_DEPTH} levels`);
  const strict = Object.fromEntries(Object.entries(schema).filter(([keyword, value]) => isKept(keyword, value)));
  counted.enumValues += Array.isArray(schema['enum']) ? schema['enum'].length : 0;
  const inner = (part: unknown, name: string, levels = 1): JsonSchema =>
    toStrict(part as JsonSchema, { path: `${path}${name}`, depth: depth + levels, counted });
  if (schema['$defs']) strict['$defs'] = mapFields(schema['$defs'], (part, name) => inner(part, `.$defs.${name}`, 0));
  if (Array.isArray(schema['anyOf'])) strict['anyOf'] = schema['anyOf'].map((part) => inner(part, '', 0));
  if (schema['items'] !== undefined) strict['items'] = inner(schema['items'], '[]');
  if (schema['type'] === 'object') Object.assign(strict, strictObject(schema, place, inner));
  return strict;
}

function strictObject(schema: JsonSchema, { path, counted }: Place, inner: Inner): JsonSchema {
  if (schema['additionalProperties'] !== undefined && schema['additionalProperties'] !== false)
    throw new TypeError(`${path}: the API takes no fields without a name; leave out "loose" and "catchall"`);
  const fields = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const required = (schema['required'] ?? []) as string[];
  for (const [name, field] of Object.entries(fields)) {
    if (required.includes(name) || field['default'] !== undefined || allowsNull(field)) continue;
    throw new TypeError(`${path}.${name}: the API takes no optional field; write "nullish()", or give it a default`);
  }
  counted.properties += Object.keys(fields).length;
  return {
    properties: mapFields(fields, (part, name) => inner(part, `.${name}`)),
    required: Object.keys(fields),
    additionalProperties: false,
  };
}

type Inner = (part: unknown, name: string) => JsonSchema;

function isKept(keyword: string, value: unknown): boolean {
  if (keyword === 'format') return FORMATS.has(String(value));
  // Its engine of regular expressions knows no groups such as lookaheads.
  if (keyword === 'pattern') return !String(value).includes('(?=') && !String(value).includes('(?!');
  return KEPT.has(keyword);
}

function allowsNull({ type, anyOf }: JsonSchema): boolean {
  return [type].flat().includes('null') || (Array.isArray(anyOf) && anyOf.some((part: JsonSchema) => allowsNull(part)));
}

function mapFields(fields: unknown, map: (part: unknown, name: string) => JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(fields as object).map(([name, part]) => [name, map(part, name)]));
}
