import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { pageOf, pageQuery } from '../http/page';
import { DECIMAL, maybe, parseRequest } from '../http/validation';
import { newId } from '../ids';
import { metadataSchema } from '../responses/request';
import { del, put } from '../state';
import { filterSchema } from './filters';
import { expiryOf, findVectorStore, useVectorStore } from './find';
import { addMembers, memberRange, membersOf, memberStatusAt } from './members';
import type { VectorStoreFileRecord, VectorStoreRecord } from './record';
import { openFiles, searchFiles } from './search';

const expiresAfter = z.strictObject({ anchor: z.literal('last_active_at'), days: z.number().int().min(1).max(365) });
const editable = {
  name: maybe(z.string()),
  description: maybe(z.string()),
  metadata: maybe(metadataSchema),
  expires_after: maybe(expiresAfter),
};
const createSchema = maybe(
  z.strictObject({
    ...editable,
    file_ids: maybe(z.array(z.string()).max(500)),
    chunking_strategy: maybe(z.looseObject({ type: z.enum(['auto', 'static']) })),
  }),
);
const updateSchema = z.strictObject(editable);
const searchSchema = z.strictObject({
  query: z.union([z.string(), z.array(z.string()).min(1)]),
  max_num_results: maybe(z.number().int().min(1).max(50)),
  rewrite_query: maybe(z.boolean()),
  filters: maybe(filterSchema),
  ranking_options: maybe(z.looseObject({ score_threshold: maybe(z.number().min(0, DECIMAL).max(1, DECIMAL)) })),
});
const idParams = z.object({ id: z.string().max(256) });

/** `/vector_stores`; its files and batches have routes of their own. */
export function vectorStoreRoutes(app: FastifyInstance, deps: Deps): void {
  const { store } = deps;
  const { vectorStores, vectorStoreFiles } = store.tables;

  app.post('/vector_stores', async (request) => {
    const body = parseRequest(createSchema, request.body ?? undefined);
    const now = deps.clock.now();
    const record: VectorStoreRecord = {
      id: newId('vs'),
      createdAt: now,
      lastActiveAt: now,
      name: body?.name ?? null,
      metadata: body?.metadata ?? {},
      expiresAfterDays: body?.expires_after?.days ?? null,
    };
    const files = (body?.file_ids ?? []).map((fileId) => ({ fileId, attributes: {} }));
    await store.write([put(vectorStores, record.id, record), ...(await addMembers(deps, record.id, files))]);
    return toWire(deps, record);
  });

  app.get('/vector_stores', async (request) => {
    const query = parseRequest(pageQuery, request.query);
    const all = (await vectorStores.values().all()).toSorted((a, b) => a.createdAt - b.createdAt);
    const page = pageOf(all, query);
    return { ...page, data: await Promise.all(page.data.map((record) => toWire(deps, record))) };
  });

  app.get('/vector_stores/:id', async (request) => {
    return toWire(deps, await findVectorStore(deps, parseRequest(idParams, request.params).id));
  });

  app.post('/vector_stores/:id', async (request) => {
    const { id } = parseRequest(idParams, request.params);
    const body = parseRequest(updateSchema, request.body);
    return store.exclusive(async () => {
      const known = await findVectorStore(deps, id);
      const updated: VectorStoreRecord = {
        ...known,
        name: body.name ?? known.name,
        metadata: body.metadata ?? known.metadata,
        expiresAfterDays: body.expires_after?.days ?? known.expiresAfterDays,
      };
      await vectorStores.put(id, updated);
      return toWire(deps, updated);
    });
  });

  app.delete('/vector_stores/:id', async (request) => {
    const { id } = await findVectorStore(deps, parseRequest(idParams, request.params).id);
    await store.exclusive(async () => {
      const keys = await vectorStoreFiles.keys(memberRange(id)).all();
      await store.write([del(vectorStores, id), ...keys.map((key) => del(vectorStoreFiles, key))]);
    });
    return { id, object: 'vector_store.deleted', deleted: true };
  });

  searchRoute(app, deps);
}

function searchRoute(app: FastifyInstance, deps: Deps): void {
  app.post('/vector_stores/:id/search', async (request) => {
    const { id } = parseRequest(idParams, request.params);
    const body = parseRequest(searchSchema, request.body);
    await deps.store.exclusive(() => useVectorStore(deps, id));
    const queries = [body.query].flat();
    const files = await openFiles(deps, [{ vectorStoreId: id, filter: body.filters }]);
    const results = searchFiles(files, {
      query: queries.join(' '),
      limit: body.max_num_results ?? 10,
      threshold: body.ranking_options?.score_threshold ?? 0,
    });
    const data = results.map(({ text, ...result }) => ({ ...result, content: [{ type: 'text', text }] }));
    return {
      object: 'vector_store.search_results.page',
      search_query: queries,
      data,
      has_more: false,
      next_page: null,
    };
  });
}

async function toWire(deps: Deps, record: VectorStoreRecord): Promise<Record<string, unknown>> {
  const now = deps.clock.now();
  const members = await membersOf(deps, record.id);
  const counts = countMembers(members, now);
  const expiresAt = expiryOf(record);
  const state = counts.in_progress > 0 ? 'in_progress' : 'completed';
  return {
    id: record.id,
    object: 'vector_store',
    created_at: Math.floor(record.createdAt / 1000),
    name: record.name,
    usage_bytes: members.reduce((sum, member) => sum + member.usageBytes, 0),
    file_counts: counts,
    status: expiresAt !== null && now >= expiresAt ? 'expired' : state,
    expires_after:
      record.expiresAfterDays === null ? null : { anchor: 'last_active_at', days: record.expiresAfterDays },
    expires_at: expiresAt === null ? null : Math.floor(expiresAt / 1000),
    last_active_at: Math.floor(record.lastActiveAt / 1000),
    metadata: record.metadata,
  };
}

/** How many files are in which status. */
export function countMembers(
  members: readonly VectorStoreFileRecord[],
  now: number,
): Record<string, number> & {
  in_progress: number;
  total: number;
} {
  const counts = { in_progress: 0, completed: 0, failed: 0, cancelled: 0, total: members.length };
  for (const member of members) counts[memberStatusAt(member, now)] += 1;
  return counts;
}
