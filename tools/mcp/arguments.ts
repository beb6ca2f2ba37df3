import vm from 'node:vm';
import Ajv2020, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';

/** A JSON schema, or a part of one. */
type Schema = Record<string, unknown>;

/** What the API does not take at the root of a function's parameters. */
const NOT_AT_ROOT = ['anyOf', 'oneOf', 'allOf', 'not', 'enum', 'const'];
const MAX_DEPTH = 30;
const MAX_SCHEMA_BYTES = 64 * 1024;
const MAX_CHECK_MS = 1_000;

/**
 * A tool's input schema as parameters of a function that is not strict: servers write what strict mode does not take,
 * such as optional fields.
 * @throws TypeError naming the place in the schema that the API would refuse.
 */
export function functionParameters(inputSchema: Schema): Schema {
  const { $schema: _draft, ...body } = inputSchema;
  const wrong = NOT_AT_ROOT.find((keyword) => body[keyword] !== undefined);
  if (body['type'] !== 'object' || wrong !== undefined)
    throw new TypeError(`inputSchema: the API takes an object without ${wrong ?? 'another type'} at its root`);
  const bytes = Buffer.byteLength(JSON.stringify(body));
  if (bytes > MAX_SCHEMA_BYTES) throw new TypeError(`inputSchema: ${bytes} bytes, of at most ${MAX_SCHEMA_BYTES}`);
  refuseOpenLists(body, 'inputSchema', 0);
  const parameters = { properties: {}, ...body };
  compile(parameters);
  return parameters;
}

/** The API refuses a list that does not say of what. */
function refuseOpenLists(part: unknown, path: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new TypeError(`${path}: expected at most ${MAX_DEPTH} levels`);
  if (Array.isArray(part)) return part.forEach((one, i) => refuseOpenLists(one, `${path}[${i}]`, depth + 1));
  if (part === null || typeof part !== 'object') return;
  const { type, items, prefixItems } = part as Schema;
  if (type === 'array' && items === undefined && prefixItems === undefined)
    throw new TypeError(`${path}: the API takes no list without "items"`);
  for (const [name, value] of Object.entries(part)) refuseOpenLists(value, `${path}.${name}`, depth + 1);
}

function compile(parameters: Schema): ValidateFunction {
  // Servers write any draft of JSON Schema; what this one does not know says nothing.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, validateSchema: false, logger: false });
  try {
    return ajv.compile(parameters);
  } catch (error) {
    throw new TypeError(`inputSchema: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Why arguments are not what a tool's parameters say; undefined where they are. */
export function problemOf(parameters: Schema, args: unknown): string | undefined {
  const validate = compile(parameters);
  try {
    // A pattern, or a list whose items must differ, may take for ever; nothing else of the worker would go on.
    if (vm.runInNewContext('check()', { check: () => validate(args) }, { timeout: MAX_CHECK_MS })) return undefined;
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      return 'they take too long to be checked';
    throw error;
  }
  return (validate.errors ?? []).slice(0, 5).map(described).join('; ') || 'they do not fit';
}

function described({ instancePath, message, params }: ErrorObject): string {
  const extra: unknown = Reflect.get(params, 'additionalProperty');
  const path = instancePath.slice(1).replaceAll('/', '.') || 'what it was given';
  return `${path}: ${message ?? 'is wrong'}${typeof extra === 'string' ? ` ("${extra}")` : ''}`;
}
