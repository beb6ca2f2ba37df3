import { z } from 'zod';

/** Text that may hold a whole document; the API's own bound for sibling fields. */
export const longText = z.string().max(10_485_760);
const breakpoint = { prompt_cache_breakpoint: z.strictObject({ mode: z.literal('explicit') }).nullish() };

const inputText = z.strictObject({ type: z.literal('input_text'), text: longText, ...breakpoint });
const inputImage = z.strictObject({
  type: z.literal('input_image'),
  image_url: z
    .string()
    .regex(/^(?:https?:\/\/|data:image\/)/i, 'expected a web address or a data URL of an image.')
    .nullish(),
  file_id: z.string().nullish(),
  detail: z.enum(['low', 'high', 'auto', 'original']).nullish(),
  ...breakpoint,
});
const inputFile = z.strictObject({
  type: z.literal('input_file'),
  file_id: z.string().nullish(),
  filename: z.string().nullish(),
  file_data: z
    .string()
    .regex(/^data:[^,]*;base64,/i, 'expected a base64-encoded data URL.')
    .nullish(),
  file_url: z
    .string()
    .regex(/^https?:\/\//i, 'expected a web address.')
    .nullish(),
  detail: z.enum(['auto', 'low', 'high']).nullish(),
  ...breakpoint,
});
const outputText = z.strictObject({
  type: z.literal('output_text'),
  text: longText,
  annotations: z.array(z.looseObject({ type: z.string() })).nullish(),
  logprobs: z.array(z.unknown()).nullish(),
});
const refusal = z.strictObject({ type: z.literal('refusal'), refusal: z.string() });

/** What a user, the system or a tool says. */
export const inputPart = z.discriminatedUnion('type', [inputText, inputImage, inputFile]);
/** What a message may hold; an assistant's own parts are told apart by the message's role. */
export const messagePart = z.discriminatedUnion('type', [inputText, inputImage, inputFile, outputText, refusal]);
/** A tool's output: a text of at most 10 MiB, or parts. */
export const toolOutput = z.union([longText, z.array(inputPart)]);
