import { z } from 'zod';

/** The keywords of a JSON schema that the emulator understands; others are kept and ignored. */
const nodeSchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  description: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  enum: z.array(z.unknown()).min(1).optional(),
  const: z.unknown().optional(),
  anyOf: z.array(z.unknown()).min(1).optional(),
  oneOf: z.array(z.unknown()).min(1).optional(),
  $ref: z.string().optional(),
  $defs: z.record(z.string(), z.unknown()).optional(),
  definitions: z.record(z.string(), z.unknown()).optional(),
  minItems: z.number().int().min(0).optional(),
  maxItems: z.number().int().min(0).optional(),
  minLength: z.number().int().min(0).optional(),
  maxLength: z.number().int().min(0).optional(),
  pattern: z.string().optional(),
  format: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  multipleOf: z.number().positive().optional(),
});

/** One node of a JSON schema. */
export type SchemaNode = z.output<typeof nodeSchema>;

/** A schema that cannot be read; `path` leads to the place. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';

  constructor(
    readonly path: readonly string[],
    message: string,
  ) {
    super(message);
  }
}

/** Reads one node. Throws `SchemaError` when it is no schema. */
export function readNode(value: unknown, path: readonly string[] = []): SchemaNode {
  if (value === true) return {};
  const parsed = nodeSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const at = [...path, ...(issue?.path.map(String) ?? [])];
  throw new SchemaError(at, issue?.message ?? 'it is not a schema.');
}

/** The node that a local reference names: `#`, `#/$defs/x`, `#/properties/a/items`. Throws `SchemaError`. */
export function resolveRef(root: unknown, ref: string, path: readonly string[]): SchemaNode {
  const steps = ref === '#' ? [] : ref.startsWith('#/') ? ref.slice(2).split('/') : null;
  if (steps === null) throw new SchemaError(path, `reference '${ref}' is not local; it must begin with '#'.`);
  let target: unknown = root;
  for (const step of steps) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    const isContainer = typeof target === 'object' && target !== null && Object.hasOwn(target, key);
    if (!isContainer) throw new SchemaError(path, `reference '${ref}' points to nothing.`);
    target = (target as Record<string, unknown>)[key];
  }
  return readNode(target, path);
}

/** The types that a node allows; inferred where it does not say. */
export function typesOf(node: SchemaNode): string[] {
  if (node.type !== undefined) return [node.type].flat();
  if (node.properties !== undefined) return ['object'];
  return node.items === undefined ? ['string'] : ['array'];
}
