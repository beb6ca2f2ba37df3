import { z } from 'zod';
import { longText, messagePart } from '../content';
import { id, itemStatus } from './fields';

const ASSISTANT_PARTS = ['output_text', 'refusal'];
const OTHER_PARTS = ['input_text', 'input_image', 'input_file'];

/** What somebody says. */
export const message = z
  .strictObject({
    type: z.literal('message'),
    id: id.nullish(),
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    status: itemStatus.nullish(),
    phase: z.enum(['commentary', 'final_answer']).nullish(),
    content: z.union([longText, z.array(messagePart)]),
  })
  .superRefine(({ role, content }, context) => {
    const values = role === 'assistant' ? ASSISTANT_PARTS : OTHER_PARTS;
    const index = typeof content === 'string' ? -1 : content.findIndex((part) => !values.includes(part.type));
    if (index < 0 || typeof content === 'string') return;
    context.addIssue({ code: 'invalid_value', values, input: content[index]?.type, path: ['content', index, 'type'] });
  });

/** What a model thought before the item that follows. */
export const reasoning = z
  .strictObject({
    type: z.literal('reasoning'),
    id: id.nullish(),
    summary: z.array(z.strictObject({ type: z.literal('summary_text'), text: longText })),
    content: z.array(z.strictObject({ type: z.literal('reasoning_text'), text: longText })).nullish(),
    encrypted_content: z.string().nullish(),
    status: itemStatus.nullish(),
  })
  .superRefine((item, context) => {
    if (typeof item.id === 'string' || carriesReasoning(item)) return;
    context.addIssue({ code: 'invalid_type', expected: 'string', input: undefined, path: ['id'] });
  });

/** Whether a reasoning item says what was reasoned; any other is the name of one that the server keeps. */
export function carriesReasoning(item: { readonly [field: string]: unknown }): boolean {
  const { encrypted_content: encrypted, content } = item;
  return typeof encrypted === 'string' || (Array.isArray(content) && content.length > 0);
}
