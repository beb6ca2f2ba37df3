import { z } from 'zod';
import { planSchema } from '../faults/plan';

/** A text that contains this, equals it, or matches a regular expression. */
const matcherSchema = z.union([
  z.string(),
  z.strictObject({ equals: z.string() }),
  z.strictObject({
    regex: z.string().refine(isRegex, 'is not a regular expression'),
    flags: z
      .string()
      .regex(/^[imsu]*$/, 'takes the flags i, m, s and u')
      .optional(),
  }),
]);
export type Matcher = z.output<typeof matcherSchema>;

function isRegex(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** What a create has to be like; what is left out may be anything. */
const expectationSchema = z.strictObject({
  model: matcherSchema.optional(),
  /** On the text of all input items of the request. */
  input: matcherSchema.optional(),
  instructions: matcherSchema.optional(),
  previous_response_id: matcherSchema.optional(),
  /** On the conversation's id. */
  conversation: matcherSchema.optional(),
  metadata: z.record(z.string(), matcherSchema).optional(),
  /** Names of functions, labels of MCP servers or types of tools, all of which must be offered. */
  tools: z.array(z.string()).optional(),
  /** On the name of the JSON schema asked for. */
  format: matcherSchema.optional(),
  background: z.boolean().optional(),
  stream: z.boolean().optional(),
});
export type Expectation = z.output<typeof expectationSchema>;

const callSchema = z.strictObject({
  name: z.string().min(1).max(128),
  arguments: z.union([z.string(), z.record(z.string(), z.unknown())]),
  call_id: z.string().min(1).max(64).optional(),
});
export type ScriptedCall = z.output<typeof callSchema>;

/** What a create is answered with; what is left out is as without a script. */
const answerSchema = z.strictObject({
  text: z.string().optional(),
  /** Written as JSON into the answer's text. */
  json: z.json().optional(),
  function_calls: z.array(callSchema).optional(),
  /** Output items as on the wire, in the place of text, JSON and calls; missing ids are made. */
  output: z.array(z.looseObject({ type: z.string().min(1) })).optional(),
  status: z.enum(['completed', 'failed', 'incomplete']).optional(),
  /** Of a failed response. */
  error: z.strictObject({ code: z.string(), message: z.string().optional() }).optional(),
  /** Of an incomplete response. */
  incomplete_details: z.strictObject({ reason: z.enum(['max_output_tokens', 'content_filter']) }).optional(),
  usage: z
    .strictObject({
      input_tokens: z.number().int().min(0).optional(),
      cached_tokens: z.number().int().min(0).optional(),
      output_tokens: z.number().int().min(0).optional(),
      reasoning_tokens: z.number().int().min(0).optional(),
    })
    .optional(),
  /** How long the response takes, in seconds at speed 1. */
  seconds: z.number().min(0).optional(),
  /** A plan of faults: those of `create` happen to this request, others to later requests about its response. */
  fault: z
    .string()
    .refine((text) => planSchema.safeParse(text).success, 'is not a plan of faults')
    .optional(),
});
export type ScriptedAnswer = z.output<typeof answerSchema>;

/** An HTTP error in the place of an answer. */
const refusalSchema = z.strictObject({
  status: z.number().int().min(400).max(599),
  message: z.string().optional(),
  type: z.string().optional(),
  code: z.string().optional(),
  param: z.string().optional(),
  headers: z.record(z.string().regex(/^[\w-]+$/), z.string().regex(/^[\x20-\x7e]*$/)).optional(),
});
export type ScriptedRefusal = z.output<typeof refusalSchema>;

const stepSchema = z
  .strictObject({
    /** Said in errors and reports. */
    name: z.string().max(64).optional(),
    expect: expectationSchema.optional(),
    answer: answerSchema.optional(),
    refuse: refusalSchema.optional(),
  })
  .refine(
    (step) => step.answer === undefined || step.refuse === undefined,
    'has an answer and a refusal; leave one out',
  );
export type Step = z.output<typeof stepSchema>;

/** The creates that a test expects, in order, and what each is answered with. */
export const scriptSchema = z.strictObject({
  steps: z.array(stepSchema).min(1).max(10_000),
  /** Whether a create may meet any step that is left, instead of the next one; default false. */
  anyOrder: z.boolean().default(false),
});
/** A script as it is written. */
export type ScriptInput = z.input<typeof scriptSchema>;
/** The same with its defaults filled in. */
export type Script = z.output<typeof scriptSchema>;
