import type { Context } from '../responses/context';
import type { CreateBody } from '../responses/request';
import { readAsk } from './ask';
import { gatherFindings, type Findings } from './compose';
import type { Library } from './library';
import { writeProse } from './prose';
import type { Annotation } from './render';
import { planAnswer } from './topics';

/** What the emulator has to answer, and the texts it may answer from. */
export interface AnswerRequest {
  readonly body: CreateBody;
  readonly context: Context;
  /** The texts named by the request's tools, or the emulator's own. */
  readonly library: Library;
  /** What the library is, as an answer names it: `the 3 files searched`. */
  readonly searched: string;
}

/** The answer before it becomes output items. */
export interface Draft {
  readonly text: string;
  readonly annotations: readonly Annotation[];
  /** What was searched for. */
  readonly queries: readonly string[];
  readonly findings: Findings;
}

/** Composes the answer to a request out of passages; the same request gives the same answer. */
export function draftAnswer({ body, context, library, searched }: AnswerRequest): Draft {
  const ask = readAsk(body, context);
  const plan = planAnswer(ask, library);
  const findings = gatherFindings(ask, plan, library);
  const queries = plan.topics.map(({ label, query, source }) => (source === null ? query : `${label} ${query}`.trim()));
  return { ...writeProse(findings, ask, searched), queries, findings };
}
