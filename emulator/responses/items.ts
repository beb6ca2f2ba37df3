import { z } from 'zod';
import { longText } from './content';
import { functionItems, mcpItems, searchItems } from './items/calls';
import { id, tools } from './items/fields';
import { codeItems, screenItems } from './items/machines';
import { message, reasoning } from './items/message';

/** Items that stand for others or change what the model sees. */
const contextItems = [
  z.strictObject({ type: z.literal('item_reference'), id: z.string().min(1) }),
  z.strictObject({ type: z.literal('compaction'), id: id.nullish(), encrypted_content: longText.min(1) }),
  z.strictObject({ type: z.literal('compaction_trigger'), id: id.nullish() }),
  z.strictObject({
    type: z.literal('additional_tools'),
    id: id.nullish(),
    role: z.literal('developer'),
    tools: tools,
  }),
  z.strictObject({
    type: z.literal('configuration_update'),
    id: id.nullish(),
    reasoning: z.looseObject({}).nullish(),
    text: z.looseObject({}).nullish(),
  }),
] as const;

const typedItem = z.discriminatedUnion('type', [
  message,
  reasoning,
  ...functionItems,
  ...searchItems,
  ...codeItems,
  ...screenItems,
  ...mcpItems,
  ...contextItems,
]);

/** Without a type, `{role, content}` is a message and `{id}` a reference, as in the API. */
function named(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('type' in value && value.type !== null && value.type !== undefined) return value;
  if ('role' in value) return { ...value, type: 'message' };
  const isReference = 'id' in value && Object.keys(value).every((key) => key === 'id' || key === 'type');
  return isReference ? { ...value, type: 'item_reference' } : value;
}

/** An input item, its fields those that the API takes: what it only gives out, such as `created_by`, is refused. */
export const inputItemSchema = z.preprocess(named, typedItem);

/** An input item that passed validation; ids are still optional. */
export type InputItem = z.output<typeof typedItem>;
