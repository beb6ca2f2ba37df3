import type { RequestSettings, TextFormat } from '../responses/request';
import type { Ask } from './ask';
import { gatherFindings, resultFindings, type Findings } from './compose';
import { writeJson } from './json/generate';
import { toMaterial } from './json/material';
import type { Library } from './library';
import { writeProse } from './prose';
import type { Annotation } from './render';
import { term, words } from './text';
import { planAnswer, type Topic } from './topics';

/** A JSON answer picks from more sentences than a text quotes. */
const JSON_SENTENCES = 20;
/** What a request for any JSON object gets. */
const ANY_OBJECT = {
  type: 'object',
  properties: {
    answer: { type: 'string', description: 'the answer' },
    sources: { type: 'array', items: { type: 'string', description: 'title of a source' } },
  },
};

/** What the emulator has to answer, and the texts it may answer from. */
export interface AnswerRequest {
  readonly body: RequestSettings;
  readonly ask: Ask;
  /** The texts named by the request's tools, or the emulator's own. */
  readonly library: Library;
  /** What the library is, as an answer names it: `the 3 files searched`. */
  readonly searched: string;
  /** Whether the request's tools search it; if not, what tools gave is answer enough. */
  readonly searches: boolean;
}

/** The answer before it becomes output items. */
export interface Draft {
  readonly text: string;
  readonly annotations: readonly Annotation[];
  /** What was searched for. */
  readonly queries: readonly string[];
}

/** Composes the answer to a request out of passages; the same request gives the same answer. */
export function draftAnswer({ body, ask, library, searched, searches }: AnswerRequest): Draft {
  const plan = planAnswer(ask, library);
  const format = body.text?.format ?? { type: 'text' };
  const roomy = { ...ask, limits: { ...ask.limits, sentences: Math.max(ask.limits.sentences, JSON_SENTENCES) } };
  const sized = format.type === 'text' ? ask : roomy;
  const hasResults = ask.toolOutputs.length > 0;
  const elsewhere = hasResults && !searches ? null : gatherFindings(sized, plan, library);
  const findings = hasResults || elsewhere === null ? resultFindings(sized, elsewhere) : elsewhere;
  const queries = plan.topics.map(searchQuery);
  return { ...write(format, findings, { ask, searched }), queries };
}

/** What a search engine would be asked for a topic. */
function searchQuery({ label, query, source }: Topic): string {
  return source === null ? label : [label, ...words(query).filter((word) => term(word) !== null)].join(' ');
}

function write(
  format: TextFormat,
  findings: Findings,
  { ask, searched }: { ask: Ask; searched: string },
): { text: string; annotations: readonly Annotation[] } {
  if (format.type === 'text') return writeProse(findings, ask, searched);
  const schema = format.type === 'json_schema' ? format.schema : ANY_OBJECT;
  return writeJson(schema, toMaterial(findings, ask, searched));
}
