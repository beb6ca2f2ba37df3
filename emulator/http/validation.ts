import type { z } from 'zod';
import { badRequest, type ApiError } from './errors';

type Issue = z.core.$ZodIssue;

/** Parses a body or a query. Throws the 400 that the API gives for its first problem, naming the parameter's path. */
export function parseRequest<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw issue === undefined ? badRequest('Invalid request.') : toApiError(flatten(issue));
}

/** An optional field; the API takes null for an absent one. */
export function maybe<S extends z.ZodType>(schema: S) {
  return schema.nullish().transform((value) => value ?? undefined);
}

/** Marks the bounds of a number that may have decimals: the API's errors tell the two apart. */
export const DECIMAL = { error: 'decimal' } as const;

/** Follows a union's issue into the branch that got furthest, since that is the one the client meant. */
function flatten(issue: Issue): Issue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const branches = issue.errors.flatMap((branch) => (branch[0] === undefined ? [] : [flatten(branch[0])]));
  const deepest = branches.toSorted((a, b) => rank(b) - rank(a))[0];
  // Where no branch got anywhere, the union's own message lists what would have been taken.
  return deepest === undefined || rank(deepest) === 0 ? issue : { ...deepest, path: [...issue.path, ...deepest.path] };
}

function rank(issue: Issue): number {
  return issue.path.length * 2 + (issue.code === 'invalid_type' ? 0 : 1);
}

/** `['input', 3, 'content']` -> `input[3].content` */
export function toParam(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    // Arrays of a query are spelled `include[]`.
    const name = String(key).replace(/\[\]$/, '');
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

function toApiError(issue: Issue): ApiError {
  const param = toParam(issue.path);
  const named = param === '' ? 'the request body' : `'${param}'`;
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue, [issue.expected]);
    case 'unrecognized_keys': {
      const key = toParam([...issue.path, issue.keys[0] ?? '']);
      return badRequest(`Unknown parameter: '${key}'.`, key, 'unknown_parameter');
    }
    case 'invalid_value':
      return badRequest(
        `Invalid value: ${preview(issue.input)}. Supported values are: ${issue.values.map(preview).join(', ')}.`,
        param,
        'invalid_value',
      );
    case 'invalid_union':
      if (issue.errors.length > 0) return wrongType(issue, expectedBy(issue));
      if (pick(issue) === undefined) return wrongType({ ...issue, input: undefined, path: unionPath(issue) }, []);
      return badRequest(
        `Invalid value: ${preview(pick(issue))}. ${unionHint(issue)}`,
        toParam(unionPath(issue)),
        'invalid_value',
      );
    case 'too_small':
      return outOfRange(issue, named, param, { word: 'below minimum', bound: issue.minimum, sign: '>=' });
    case 'too_big':
      return outOfRange(issue, named, param, { word: 'above maximum', bound: issue.maximum, sign: '<=' });
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      break;
  }
  const code = issue.code === 'custom' ? (issue.params?.['code'] as unknown) : undefined;
  return badRequest(`Invalid ${named}: ${issue.message}`, param, typeof code === 'string' ? code : 'invalid_value');
}

/** The types that the branches of a union take. */
function expectedBy(issue: Extract<Issue, { code: 'invalid_union' }>): string[] {
  return issue.errors.flatMap((branch) => (branch[0]?.code === 'invalid_type' ? [branch[0].expected] : []));
}

function wrongType({ input, path }: Issue, expected: readonly string[]): ApiError {
  const param = toParam(path);
  const named = param === '' ? 'the request body' : `'${param}'`;
  if (input === undefined && param !== '') {
    return badRequest(`Missing required parameter: ${named}.`, param, 'missing_required_parameter');
  }
  const wanted = [...new Set(expected.map(article))].join(' or ');
  return badRequest(
    `Invalid type for ${named}: expected ${wanted}, but got ${describe(input)} instead.`,
    param,
    'invalid_type',
  );
}

function outOfRange(
  issue: Extract<Issue, { code: 'too_small' | 'too_big' }>,
  named: string,
  param: string,
  limit: { word: string; bound: number | bigint; sign: string },
): ApiError {
  const side = issue.code === 'too_small' ? 'below_min' : 'above_max';
  const { input, origin } = issue;
  if (origin === 'string' || origin === 'array') {
    const length = typeof input === 'string' || Array.isArray(input) ? input.length : 0;
    return badRequest(
      `Invalid ${named}: ${origin} too ${issue.code === 'too_small' ? 'short' : 'long'}. Expected ${article(origin)} ` +
        `with ${issue.code === 'too_small' ? 'minimum' : 'maximum'} length ${limit.bound}, but got ${article(origin)} ` +
        `with length ${length} instead.`,
      param,
      `${origin}_${side}_length`,
    );
  }
  const kind = issue.message === DECIMAL.error ? 'decimal' : 'integer';
  return badRequest(
    `Invalid ${named}: ${kind} ${limit.word} value. Expected a value ${limit.sign} ${limit.bound}, ` +
      `but got ${preview(input)} instead.`,
    param,
    `${kind}_${side}_value`,
  );
}

/** The discriminator's value, where the union has one. */
function pick(issue: Extract<Issue, { code: 'invalid_union' }>): unknown {
  const { input } = issue;
  const key = 'discriminator' in issue && typeof issue.discriminator === 'string' ? issue.discriminator : undefined;
  if (key === undefined || typeof input !== 'object' || input === null) return input;
  return key in input ? (input as Record<string, unknown>)[key] : undefined;
}

/** The path of the discriminator; zod puts it there for some unions and leaves it out for others. */
function unionPath(issue: Extract<Issue, { code: 'invalid_union' }>): PropertyKey[] {
  const path = 'discriminator' in issue && typeof issue.discriminator === 'string' ? [issue.discriminator] : [];
  return [...issue.path, ...path.filter((key) => issue.path.at(-1) !== key)];
}

function unionHint(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const options = 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
  return options.length === 0 ? '' : `Supported values are: ${options.map(preview).join(', ')}.`;
}

function article(noun: string): string {
  const word = noun === 'int' ? 'integer' : noun === 'record' ? 'object' : noun;
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number beyond all limits';
  if (Array.isArray(value)) return 'an array';
  return article(typeof value);
}

function preview(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? 'nothing');
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
