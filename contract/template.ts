/**
 * Templates of prompts: `{{steps.ID.text}}`, `{{steps.ID.json.path}}` and `{{input.path}}`.
 * A prompt is parsed once and rendered once, so text that comes in by a template is never taken for a template itself.
 */
export type TemplatePart =
  | { kind: 'text'; text: string }
  | { kind: 'step'; stepId: string; field: 'text' | 'json'; path: string[] }
  | { kind: 'input'; path: string[] };

/** A template that cannot be understood; `expression` is what stood between the braces. */
export class TemplateError extends Error {
  constructor(readonly expression: string) {
    super(`unknown template {{${expression}}}; expected {{steps.ID.text}}, {{steps.ID.json.FIELD}} or {{input.FIELD}}`);
    this.name = 'TemplateError';
  }
}

const TEMPLATE = /\{\{([^{}]*)\}\}/g;
const IDENTIFIER = /^[A-Za-z0-9_-]+$/;

/**
 * Splits a prompt into its parts.
 * @throws TemplateError for an expression that is none of the three forms.
 */
export function parseTemplate(prompt: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const match of prompt.matchAll(TEMPLATE)) {
    if (match.index > end) parts.push({ kind: 'text', text: prompt.slice(end, match.index) });
    parts.push(parseExpression((match[1] ?? '').trim()));
    end = match.index + match[0].length;
  }
  if (end < prompt.length) parts.push({ kind: 'text', text: prompt.slice(end) });
  return parts;
}

function parseExpression(expression: string): TemplatePart {
  const names = expression.split('.');
  if (!names.every((name) => IDENTIFIER.test(name))) throw new TemplateError(expression);
  const [root, first, second, ...rest] = names;
  if (root === 'input') return { kind: 'input', path: names.slice(1) };
  if (root === 'steps' && first !== undefined) {
    if (second === 'text' && rest.length === 0) return { kind: 'step', stepId: first, field: 'text', path: [] };
    if (second === 'json') return { kind: 'step', stepId: first, field: 'json', path: rest };
  }
  throw new TemplateError(expression);
}

/** Value at a path of object fields and array indexes; undefined where the path leads nowhere. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (current === null || typeof current !== 'object' || !Object.hasOwn(current, name)) return undefined;
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}

/** How a JSON value stands in a prompt: a string as it is, everything else as JSON. */
export function promptText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
