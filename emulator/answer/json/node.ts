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
  allOf: z.array(z.unknown()).optional(),
  prefixItems: z.array(z.unknown()).optional(),
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

/** Nodes that were read before: the same one is read for every item of a list. */
const known = new WeakMap<object, SchemaNode>();

/** Reads one node; `true` and `false` say nothing about form. Throws `SchemaError` when it is no schema. */
export function readNode(value: unknown, path: readonly string[] = []): SchemaNode {
  if (typeof value === 'boolean') return {};
  const before = typeof value === 'object' && value !== null ? known.get(value) : undefined;
  if (before !== undefined) return before;
  const parsed = nodeSchema.safeParse(value);
  if (parsed.success) {
    known.set(value as object, parsed.data);
    return parsed.data;
  }
  const issue = parsed.error.issues[0];
  const at = [...path, ...(issue?.path.map(String) ?? [])];
  throw new SchemaError(at, issue?.message ?? 'it is not a schema.');
}

/** References that lead from one to the next; a longer way goes round in circles. */
const MAX_HOPS = 50;

/**
 * The node that a local reference leads to: `#`, `#/$defs/x`, `#/properties/a/items`. Throws `SchemaError` where it leads
 * nowhere.
 */
export function resolveRef(root: unknown, ref: string, path: readonly string[]): SchemaNode {
  let next = ref;
  for (let hops = 0; hops < MAX_HOPS; hops += 1) {
    const node = readNode(follow(root, next, path), path);
    if (node.$ref === undefined) return node;
    next = node.$ref;
  }
  throw new SchemaError(path, `reference '${ref}' leads back to itself.`);
}

function follow(root: unknown, ref: string, path: readonly string[]): unknown {
  const steps = ref === '#' ? [] : ref.startsWith('#/') ? ref.slice(2).split('/') : null;
  if (steps === null) throw new SchemaError(path, `reference '${ref}' is not local; it must begin with '#'.`);
  let target: unknown = root;
  for (const step of steps) {
    const key = unescape(step);
    const isContainer = key !== null && typeof target === 'object' && target !== null && Object.hasOwn(target, key);
    if (!isContainer) throw new SchemaError(path, `reference '${ref}' points to nothing.`);
    target = (target as Record<string, unknown>)[key];
  }
  return target;
}

/** A step of a JSON pointer in a fragment, or null where it is badly encoded. */
function unescape(step: string): string | null {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** The schemas of a list's first items, where each has one of its own. */
export function tupleOf({ prefixItems, items }: SchemaNode): readonly unknown[] {
  return prefixItems ?? (Array.isArray(items) ? items : []);
}

/** The types that a node allows; inferred where it does not say. */
export function typesOf(node: SchemaNode): string[] {
  if (node.type !== undefined) return [node.type].flat();
  if (node.properties !== undefined) return ['object'];
  return node.items === undefined && node.prefixItems === undefined ? ['string'] : ['array'];
}
