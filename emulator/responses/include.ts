import { z } from 'zod';

const INCLUDABLE = [
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  'message.output_text.logprobs',
] as const;

export type Includable = (typeof INCLUDABLE)[number];

/** The `include` of a body. */
export const includeSchema = z.array(z.enum(INCLUDABLE));
const oneOrMany = z.preprocess((value) => [value].flat(), includeSchema).optional();
/** The fields of a query that hold `include`: clients spell it with brackets, curl users without. */
export const includeQuery = { 'include[]': oneOrMany, include: oneOrMany };

/** What a query asks to be included. */
export function includeOf(query: { 'include[]'?: Includable[]; include?: Includable[] }): Includable[] {
  return [...(query['include[]'] ?? []), ...(query.include ?? [])];
}
