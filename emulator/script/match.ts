import { spokenText } from '../responses/tokens';
import type { CreateBody } from '../responses/request';
import type { Expectation, Matcher } from './schema';

const PREVIEW_CHARS = 200;

/** What about a create a script looks at; this is what reports of unexpected creates show. */
export interface Seen {
  readonly model: string;
  readonly input: string;
  readonly instructions: string;
  readonly previous_response_id: string;
  readonly conversation: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tools: readonly string[];
  readonly format: string;
  readonly background: boolean;
  readonly stream: boolean;
}

/** Reads a create as a script sees it. */
export function seenOf(body: CreateBody): Seen {
  const { input, conversation, text } = body;
  const format = text?.format;
  const items = Array.isArray(input) ? input : [];
  return {
    model: body.model,
    input: typeof input === 'string' ? input : items.map((item) => spokenText({ ...item, id: '' })).join('\n'),
    instructions: body.instructions ?? '',
    previous_response_id: body.previous_response_id ?? '',
    conversation: (typeof conversation === 'string' ? conversation : conversation?.id) ?? '',
    metadata: body.metadata ?? {},
    tools: (body.tools ?? []).map(toolName),
    format: format?.type === 'json_schema' ? format.name : '',
    background: body.background === true,
    stream: body.stream === true,
  };
}

function toolName(tool: { type: string; name?: unknown; server_label?: unknown }): string {
  return [tool.name, tool.server_label].find((name) => typeof name === 'string') ?? tool.type;
}

/** What about a create is not as expected, in words; null where all of it is. */
export function mismatch(expected: Expectation, seen: Seen): string | null {
  const { metadata = {}, tools = [], background, stream, ...texts } = expected;
  for (const [field, matcher] of Object.entries(texts)) {
    const problem = matcher === undefined ? null : differs(field, matcher, seen[field as keyof typeof texts]);
    if (problem !== null) return problem;
  }
  for (const [key, matcher] of Object.entries(metadata)) {
    const problem = differs(`metadata.${key}`, matcher, seen.metadata[key] ?? '');
    if (problem !== null) return problem;
  }
  const missing = tools.find((tool) => !seen.tools.includes(tool));
  if (missing !== undefined) return `tools to contain '${missing}', but got ${JSON.stringify(seen.tools)}`;
  for (const [field, wanted] of Object.entries({ background, stream })) {
    const came = seen[field as 'background' | 'stream'];
    if (wanted !== undefined && wanted !== came) return `${field} to be ${wanted}, but got ${came}`;
  }
  return null;
}

function differs(field: string, matcher: Matcher, came: string): string | null {
  if (meets(matcher, came)) return null;
  return `${field} to ${inWords(matcher)}, but got '${preview(came)}'`;
}

function meets(matcher: Matcher, came: string): boolean {
  if (typeof matcher === 'string') return came.includes(matcher);
  return 'equals' in matcher ? matcher.equals === came : new RegExp(matcher.regex, matcher.flags).test(came);
}

function inWords(matcher: Matcher): string {
  if (typeof matcher === 'string') return `contain '${preview(matcher)}'`;
  if ('equals' in matcher) return `be '${preview(matcher.equals)}'`;
  return `match /${preview(matcher.regex)}/${matcher.flags ?? ''}`;
}

/** The beginning of a text. */
export function preview(text: string): string {
  return text.length > PREVIEW_CHARS ? `${text.slice(0, PREVIEW_CHARS)}…` : text;
}
