import { z } from 'zod';
import type { Ask } from '../answer/ask';
import { spaced, terms } from '../answer/text';

/** A tool as its words show it. */
export interface Described<T> {
  readonly of: T;
  readonly name: string;
  readonly description: string;
  /** The JSON schema of its arguments. */
  readonly schema: unknown;
}

/** Words of programming, which say nothing about what a tool is for. */
const PLUMBING = new Set(
  terms(
    'get set fetch retrieve run call do execute invoke tool function api id value string number boolean object array ' +
      'data input output argument parameter return returns current type format optional required default given',
  ),
);
const NAME_WEIGHT = 3;
const PARAMETER_WEIGHT = 2;
const NAMED_SCORE = 100;
/** A tool that fits half as well as the best one is meant too. */
const MIN_RELATIVE_SCORE = 0.5;

const parametersSchema = z
  .looseObject({ properties: z.record(z.string(), z.looseObject({ description: z.string().optional() }).catch({})) })
  .catch({ properties: {} });

/** The tools whose name, description or parameters share words with what is asked, best first; empty where none does. */
export function bestMatches<T>(tools: readonly Described<T>[], ask: Pick<Ask, 'prompt' | 'guidance'>): Described<T>[] {
  const wanted = new Set(meaningful(ask.prompt));
  const scored = tools.map((tool) => ({ tool, score: scoreOf(tool, wanted, `${ask.prompt}\n${ask.guidance}`) }));
  const best = Math.max(0, ...scored.map(({ score }) => score));
  return scored
    .filter(({ score }) => score > 0 && score >= best * MIN_RELATIVE_SCORE)
    .toSorted((a, b) => b.score - a.score)
    .map(({ tool }) => tool);
}

function scoreOf(tool: Described<unknown>, wanted: ReadonlySet<string>, said: string): number {
  if (isNamed(tool.name, said)) return NAMED_SCORE;
  const { properties } = parametersSchema.parse(tool.schema);
  const weights = new Map<string, number>();
  const weigh = (text: string, weight: number): void => {
    for (const word of meaningful(text)) weights.set(word, Math.max(weight, weights.get(word) ?? 0));
  };
  weigh(tool.description, 1);
  for (const [key, { description }] of Object.entries(properties)) {
    weigh(spaced(key), PARAMETER_WEIGHT);
    weigh(description ?? '', 1);
  }
  weigh(spaced(tool.name), NAME_WEIGHT);
  return [...wanted].reduce((sum, word) => sum + (weights.get(word) ?? 0), 0);
}

/** Whether a text spells out a tool's name; a plain word may stand there for itself. */
function isNamed(name: string, text: string): boolean {
  return /[_\-\p{Lu}\d]/u.test(name) && text.split(/[^\p{L}\p{N}_-]+/u).includes(name);
}

function meaningful(text: string): string[] {
  return terms(text).filter((word) => !PLUMBING.has(word));
}
