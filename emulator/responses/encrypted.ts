import { z } from 'zod';
import { badRequest } from '../http/errors';
import { newId } from '../ids';
import { seal, unseal } from '../seal';
import type { Context } from './context';
import type { Item } from './record';
import type { RequestSettings } from './request';
import { spokenText } from './tokens';

/** A compaction keeps the latest of what was said, up to about this many characters. */
const COMPACTED_CHARS = 40_000;
const itemSchema = z.looseObject({ type: z.string(), id: z.string() });
const sealedSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('reasoning'), summary: z.unknown() }),
  z.object({ kind: z.literal('compaction'), items: z.array(itemSchema) }),
]);
type Sealed = z.output<typeof sealedSchema>;

/**
 * Output items with their reasoning encrypted, where the API gives it: to requests in the foreground that ask for it
 * or that store nothing. A response that is fetched later never has it.
 */
export function withEncryptedReasoning(key: Buffer, body: RequestSettings, items: readonly Item[]): readonly Item[] {
  const asked = body.include?.includes('reasoning.encrypted_content') === true || body.store === false;
  if (body.background === true || !asked) return items;
  return items.map((item) => {
    if (item.type !== 'reasoning') return item;
    const sealed: Sealed = { kind: 'reasoning', summary: item['summary'] };
    return { ...item, encrypted_content: seal(key, sealed) };
  });
}

/** The item that stands for everything in `items` that no user said; only this emulator can read it. */
export function compactionOf(key: Buffer, items: readonly Item[]): Item {
  const kept: Item[] = [];
  let room = COMPACTED_CHARS;
  for (const item of items.toReversed()) {
    const text = spokenText(item).slice(0, room);
    room -= text.length;
    if (text !== '') kept.unshift({ ...item, content: [{ type: 'output_text', text }], output: undefined });
  }
  const sealed: Sealed = { kind: 'compaction', items: kept };
  return { id: newId('cmp'), type: 'compaction', encrypted_content: seal(key, sealed) };
}

/** A context with its compactions opened. Throws the API's 400 for content that this emulator did not encrypt. */
export function openContext(key: Buffer, { earlier, input }: Context): Context {
  return { earlier: earlier.flatMap((item) => open(key, item)), input: input.flatMap((item) => open(key, item)) };
}

function open(key: Buffer, item: Item): Item[] {
  const text = item['encrypted_content'];
  if (typeof text !== 'string') return [item];
  const sealed = sealedSchema.safeParse(unseal(key, text));
  if (!sealed.success || sealed.data.kind !== item.type) {
    throw badRequest(
      `The encrypted content for item ${item.id} could not be verified. Reason: Encrypted content could not be ` +
        'decrypted or parsed.',
      'input',
      'invalid_encrypted_content',
    );
  }
  return sealed.data.kind === 'compaction' ? sealed.data.items : [item];
}
