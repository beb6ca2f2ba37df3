import type { z } from 'zod';

/** The value that a text holds as JSON; undefined when it is no JSON or does not fit the schema. */
export function parseJson<Value>(schema: z.ZodType<Value>, json: string): Value | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  return schema.safeParse(value).data;
}
