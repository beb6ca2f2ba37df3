import type { Context } from '../responses/context';
import type { CreateBody } from '../responses/request';
import { spokenText } from '../responses/tokens';
import type { Library } from './library';
import { quote, render, type Annotation } from './render';

/** What the emulator has to answer, and the texts it may answer from. */
export interface AnswerRequest {
  readonly body: CreateBody;
  readonly context: Context;
  readonly corpus: Library;
}

/** The answer before it becomes output items. */
export interface Draft {
  readonly text: string;
  readonly annotations: readonly Annotation[];
}

/** Composes the answer to a request out of passages; the same request gives the same answer. */
export function draftAnswer({ context, corpus }: AnswerRequest): Draft {
  const last = context.input.at(-1);
  const prompt = last === undefined ? '' : spokenText(last);
  const hits = corpus.search(prompt, 3);
  if (hits.length === 0) return { text: 'Nothing was found.', annotations: [] };
  return render(hits.map(({ passage }) => [quote(passage, passage.sentences)]));
}
