import { z } from 'zod';
import { type Item } from './port';

const partSchema = z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() });
const messageSchema = z.looseObject({
  type: z.literal('message'),
  phase: z.string().nullish(),
  content: z.array(partSchema),
});

/** A part of a message's content. */
export type Part = z.infer<typeof partSchema>;

/** What stands between two messages of one output. */
export const MESSAGE_SEPARATOR = '\n\n';

/**
 * The messages that are the answer, each as its list of parts. Commentary on the way ("I will search for…") is left out
 * where the model marked it as such and answered besides.
 */
export function answerMessages(output: readonly Item[]): Part[][] {
  const messages = output.flatMap((item) => {
    const parsed = messageSchema.safeParse(item);
    return parsed.success ? [parsed.data] : [];
  });
  const answers = messages.filter(({ phase }) => phase !== 'commentary');
  return (answers.length > 0 ? answers : messages).map(({ content }) => content);
}

/** Text of one message: its parts follow each other without a gap. */
export function messageText(parts: readonly Part[]): string {
  return parts.map((part) => (part.type === 'output_text' ? (part.text ?? '') : '')).join('');
}

/** The answer's text, messages apart by a blank line; '' where there is none. */
export function outputText(output: readonly Item[]): string {
  return answerMessages(output).map(messageText).filter(Boolean).join(MESSAGE_SEPARATOR);
}

/** What the model said when it refused; undefined where it did not. */
export function refusalOf(output: readonly Item[]): string | undefined {
  return answerMessages(output)
    .flat()
    .find(({ type }) => type === 'refusal')?.refusal;
}

/** Text of a structured output: the last message's, since what stands before it is talk. */
export function structuredText(output: readonly Item[]): string {
  return answerMessages(output).map(messageText).findLast(Boolean) ?? '';
}
