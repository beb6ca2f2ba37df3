import { type z } from 'zod';
import { valueAt } from './template';
import { secretKind } from './secrets';

const MAX_ISSUES = 5;
const MAX_PREVIEW_CHARS = 60;

/** One problem of an input: where, what was expected, and what came. */
export type InputIssue = { path: readonly PropertyKey[]; message: string };

/** Input that cannot be used; the message names path, expectation and what came, for each of the first problems. */
export class InvalidInputError extends Error {
  constructor(
    readonly what: string,
    readonly issues: readonly InputIssue[],
  ) {
    super(`${what} is not valid: ${describe(issues)}`);
    this.name = 'InvalidInputError';
  }
}

function describe(issues: readonly InputIssue[]): string {
  const shown = issues.slice(0, MAX_ISSUES).map(({ path, message }) => `${pathText(path)}: ${message}`);
  const more = issues.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

/**
 * Reads what came from outside.
 * @throws InvalidInputError naming `what` and every wrong path of it.
 */
export function parseInput<T>(what: string, schema: z.ZodType<T>, raw: unknown): T {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new InvalidInputError(what, fromZod(parsed.error, raw));
  return parsed.data;
}

/** Turns the issues of a zod error into sentences that say what came. */
export function fromZod(error: z.ZodError, input: unknown): InputIssue[] {
  return error.issues.flatMap((issue): InputIssue[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown field' }));
    }
    const came = valueAt(input, issue.path.map(String));
    return [{ path: issue.path, message: `${sentence(issue.message)}, got ${preview(came)}` }];
  });
}

function sentence(message: string): string {
  const inner = message.replace(/^Invalid input: /, '').replace(/, received .*$/, '');
  return inner.charAt(0).toLowerCase() + inner.slice(1);
}

/** `steps[1].context.from[0]`; `input` for the whole. */
export function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'input';
  return path.map((name, i) => (typeof name === 'number' ? `[${name}]` : `${i ? '.' : ''}${String(name)}`)).join('');
}

/** A short form of a value for an error message; credentials are never shown. */
export function preview(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value !== null && typeof value === 'object')
    return `an object with ${Object.keys(value).slice(0, 8).join(', ') || 'no fields'}`;
  if (typeof value === 'string' && secretKind(value)) return 'a credential (not shown)';
  const text = JSON.stringify(value);
  return text.length > MAX_PREVIEW_CHARS ? `${text.slice(0, MAX_PREVIEW_CHARS)}…` : text;
}
