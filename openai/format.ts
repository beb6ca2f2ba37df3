import Ajv2020, { type ErrorObject } from 'ajv/dist/2020';
import { ProviderError } from './port';

/** Outcome of reading a structured output; `unquoted` is the problem without a word of the output. */
export type FormatResult = { json: unknown } | { problem: string; unquoted: string };

/**
 * Reader of outputs that must match a JSON schema. `format` keywords such as "email" are not checked: a paid answer is
 * not thrown away for the shape of an address.
 * @throws ProviderError `InvalidRequest` for a schema that is none, before anything is paid.
 */
export function formatReader(schema: Record<string, unknown>): (text: string) => FormatResult {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
  // Generators name another draft there, which would be looked up and not found; the differences do not matter here.
  const { $schema: _draft, ...body } = schema;
  const validate = compile(() => ajv.compile(body));
  return (text) => {
    const parsed = parseJson(text);
    if ('problem' in parsed || validate(parsed.json)) return parsed;
    const [error] = validate.errors ?? [];
    const problem = 'the output does not match "format"';
    return { problem: `${problem}: ${describe(error)}`, unquoted: `${problem} at ${error?.schemaPath ?? '#'}` };
  };
}

function compile<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProviderError('InvalidRequest', `"format" is not a usable JSON schema: ${reason}`);
  }
}

function parseJson(text: string): FormatResult {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch (error) {
    const unquoted = 'the output is not JSON, although the step has a "format"';
    return { problem: `the output is not JSON (${String(error)}), although the step has a "format"`, unquoted };
  }
}

function describe(error: ErrorObject | undefined): string {
  const path = error?.instancePath ? error.instancePath.slice(1).replaceAll('/', '.') : 'the whole value';
  return `${path} ${error?.message ?? 'is wrong'}`;
}
