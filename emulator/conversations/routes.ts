import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { badRequest, notFound } from '../http/errors';
import { pageOf, pageQuery } from '../http/page';
import { maybe, parseRequest } from '../http/validation';
import { newId } from '../ids';
import { toItems } from '../responses/context';
import { includeOf, includeQuery } from '../responses/include';
import { inputItemSchema } from '../responses/items';
import type { Item } from '../responses/record';
import { metadataSchema } from '../responses/request';
import { shownItems } from '../responses/shown';
import { del, put, type Change } from '../state';
import { conversationRows, findConversation, freeConversation } from './find';
import { itemKey, type ConversationRecord } from './record';

const itemsSchema = z.array(inputItemSchema).max(20);
const createSchema = maybe(z.strictObject({ items: maybe(itemsSchema), metadata: maybe(metadataSchema) }));
const updateSchema = z.strictObject({ metadata: metadataSchema.nullable() });
const addSchema = z.strictObject({ items: itemsSchema });
const oneParam = z.object({ id: z.string().max(256) });
const itemQuery = z.looseObject(includeQuery);
const listQuery = pageQuery.extend(includeQuery);
const twoParams = z.object({ id: z.string().max(256), item: z.string().max(256) });

/** `/conversations` and what lies under it. */
export function conversationRoutes(app: FastifyInstance, deps: Deps): void {
  const { store } = deps;
  const { conversations } = store.tables;

  app.post('/conversations', async (request) => {
    const body = parseRequest(createSchema, request.body ?? undefined);
    const items = await toItems(store, body?.items);
    const now = deps.clock.now();
    const empty: ConversationRecord = { id: newId('conv'), createdAt: now, metadata: body?.metadata ?? {}, length: 0 };
    const { record, changes } = append(deps, empty, items);
    await store.write(changes);
    return toWire(record);
  });

  app.get('/conversations/:id', async (request) => {
    return toWire(await findConversation(deps, parseRequest(oneParam, request.params).id));
  });

  app.post('/conversations/:id', async (request) => {
    const { id } = parseRequest(oneParam, request.params);
    const { metadata } = parseRequest(updateSchema, request.body);
    return store.exclusive(async () => {
      const updated = { ...(await findConversation(deps, id)), metadata: metadata ?? {} };
      await conversations.put(id, updated);
      return toWire(updated);
    });
  });

  app.delete('/conversations/:id', async (request) => {
    const { id } = parseRequest(oneParam, request.params);
    await store.exclusive(async () => {
      await findConversation(deps, id);
      await conversations.del(id);
    });
    return { id, deleted: true, object: 'conversation.deleted' };
  });

  itemRoutes(app, deps);
}

function itemRoutes(app: FastifyInstance, deps: Deps): void {
  const { store } = deps;

  app.post('/conversations/:id/items', async (request) => {
    const { id } = parseRequest(oneParam, request.params);
    const include = includeOf(parseRequest(itemQuery, request.query));
    const items = await toItems(store, parseRequest(addSchema, request.body).items);
    await store.exclusive(async () => {
      const now = deps.clock.now();
      const record = await freeConversation(deps, id, now);
      const known = new Set((await conversationRows(store, id, now)).map((row) => row.item.id));
      const duplicate = items.find((item) => known.has(item.id));
      if (duplicate !== undefined) throw badRequest(`Duplicate item found with id ${duplicate.id}.`, 'items');
      await store.write(append(deps, record, items).changes);
    });
    return pageOf(shownItems(items, include), { limit: 100, order: 'asc' });
  });

  app.get('/conversations/:id/items', async (request) => {
    const query = parseRequest(listQuery, request.query);
    const { id } = await findConversation(deps, parseRequest(oneParam, request.params).id);
    const rows = await conversationRows(store, id, deps.clock.now());
    const items = rows.map((row) => row.item);
    return pageOf(shownItems(items, includeOf(query)), query);
  });

  app.get('/conversations/:id/items/:item', async (request) => {
    const params = parseRequest(twoParams, request.params);
    await findConversation(deps, params.id);
    const include = includeOf(parseRequest(itemQuery, request.query));
    return shownItems([(await findRow(deps, params)).item], include)[0];
  });

  app.delete('/conversations/:id/items/:item', async (request) => {
    const params = parseRequest(twoParams, request.params);
    return store.exclusive(async () => {
      const record = await findConversation(deps, params.id);
      const { key } = await findRow(deps, params);
      await store.write([del(store.tables.conversationItems, key)]);
      return toWire(record);
    });
  });
}

async function findRow(
  { store, clock }: Deps,
  { id, item }: { id: string; item: string },
): Promise<{ key: string; item: Item }> {
  const rows = await conversationRows(store, id, clock.now());
  const row = rows.find((candidate) => candidate.item.id === item);
  if (row === undefined) throw notFound('Item', item);
  return row;
}

function append(
  { store }: Deps,
  record: ConversationRecord,
  items: readonly Item[],
): { record: ConversationRecord; changes: Change[] } {
  const { conversations, conversationItems } = store.tables;
  const grown = { ...record, length: record.length + items.length };
  const rows = items.map((item, index) =>
    put(conversationItems, itemKey(record.id, record.length + index), { item, visibleAt: 0, responseId: null }),
  );
  return { record: grown, changes: [put(conversations, record.id, grown), ...rows] };
}

function toWire({ id, createdAt, metadata }: ConversationRecord): Record<string, unknown> {
  return { id, object: 'conversation', created_at: Math.floor(createdAt / 1000), metadata };
}
