import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { notFound } from '../http/errors';
import { pageOf, pageQuery } from '../http/page';
import { maybe, parseRequest } from '../http/validation';
import { newId } from '../ids';
import { put } from '../state';
import { findVectorStore } from './find';
import { addMembers, memberKey, membersOf, memberStatusAt, pollAfterMs } from './members';
import type { FileBatchRecord, VectorStoreFileRecord } from './record';
import { countMembers } from './vector-stores';

const attributes = maybe(
  z
    .record(z.string().max(64), z.union([z.string().max(512), z.number(), z.boolean()]))
    .refine(
      (pairs) => Object.keys(pairs).length <= 16,
      'too many properties. Expected an object with at most 16 properties.',
    ),
);
const chunking = maybe(z.looseObject({ type: z.enum(['auto', 'static']) }));
const addSchema = z.strictObject({ file_id: z.string(), attributes, chunking_strategy: chunking });
const updateSchema = z.strictObject({ attributes });
const batchSchema = z.strictObject({
  file_ids: maybe(z.array(z.string()).min(1).max(2000)),
  files: maybe(z.array(addSchema).min(1).max(2000)),
  attributes,
  chunking_strategy: chunking,
});
const id = z.string().max(256);
const storeParams = z.object({ id });
const fileParams = z.object({ id, file: id });
const batchParams = z.object({ id, batch: id });
const listQuery = pageQuery.extend({ filter: z.enum(['in_progress', 'completed', 'failed', 'cancelled']).optional() });

/** `/vector_stores/{id}/files` and `/file_batches`. */
export function vectorStoreFileRoutes(app: FastifyInstance, deps: Deps): void {
  const { store, options } = deps;
  const { vectorStoreFiles, texts } = store.tables;

  app.addHook('onSend', async (_request, reply) => {
    void reply.header('openai-poll-after-ms', String(pollAfterMs(options.speed)));
  });

  app.post('/vector_stores/:id/files', async (request) => {
    const vectorStore = await findVectorStore(deps, parseRequest(storeParams, request.params).id);
    const body = parseRequest(addSchema, request.body);
    const member = { fileId: body.file_id, attributes: body.attributes ?? {} };
    await store.write(await addMembers(deps, vectorStore.id, [member]));
    return toWire(await findMember(deps, vectorStore.id, body.file_id), deps.clock.now());
  });

  app.get('/vector_stores/:id/files', async (request) => {
    const vectorStore = await findVectorStore(deps, parseRequest(storeParams, request.params).id);
    const query = parseRequest(listQuery, request.query);
    const rows = (await membersOf(deps, vectorStore.id)).map((member) => toWire(member, deps.clock.now()));
    return pageOf(
      rows.filter((row) => query.filter === undefined || row.status === query.filter),
      query,
    );
  });

  app.get('/vector_stores/:id/files/:file', async (request) => {
    const params = parseRequest(fileParams, request.params);
    return toWire(await findMember(deps, params.id, params.file), deps.clock.now());
  });

  app.post('/vector_stores/:id/files/:file', async (request) => {
    const params = parseRequest(fileParams, request.params);
    const body = parseRequest(updateSchema, request.body);
    const member = await findMember(deps, params.id, params.file);
    const updated = { ...member, attributes: body.attributes ?? {} };
    await vectorStoreFiles.put(memberKey(params.id, params.file), updated);
    return toWire(updated, deps.clock.now());
  });

  app.delete('/vector_stores/:id/files/:file', async (request) => {
    const params = parseRequest(fileParams, request.params);
    await findMember(deps, params.id, params.file);
    await vectorStoreFiles.del(memberKey(params.id, params.file));
    return { id: params.file, object: 'vector_store.file.deleted', deleted: true };
  });

  app.get('/vector_stores/:id/files/:file/content', async (request) => {
    const params = parseRequest(fileParams, request.params);
    await findMember(deps, params.id, params.file);
    const text = (await texts.get(params.file)) ?? '';
    return {
      object: 'vector_store.file_content.page',
      data: [{ type: 'text', text }],
      has_more: false,
      next_page: null,
    };
  });

  batchRoutes(app, deps);
}

function batchRoutes(app: FastifyInstance, deps: Deps): void {
  const { store } = deps;
  const { fileBatches } = store.tables;

  app.post('/vector_stores/:id/file_batches', async (request) => {
    const vectorStore = await findVectorStore(deps, parseRequest(storeParams, request.params).id);
    const body = parseRequest(batchSchema, request.body);
    const listed = (body.file_ids ?? []).map((fileId) => ({ fileId, attributes: body.attributes ?? {} }));
    const described = (body.files ?? []).map((file) => ({ fileId: file.file_id, attributes: file.attributes ?? {} }));
    const members = [...listed, ...described];
    const batch: FileBatchRecord = {
      id: newId('vsfb'),
      vectorStoreId: vectorStore.id,
      createdAt: deps.clock.now(),
      fileIds: members.map((member) => member.fileId),
    };
    await store.write([put(fileBatches, batch.id, batch), ...(await addMembers(deps, vectorStore.id, members))]);
    return batchToWire(deps, batch);
  });

  app.get('/vector_stores/:id/file_batches/:batch', async (request) => {
    return batchToWire(deps, await findBatch(deps, parseRequest(batchParams, request.params)));
  });

  app.get('/vector_stores/:id/file_batches/:batch/files', async (request) => {
    const batch = await findBatch(deps, parseRequest(batchParams, request.params));
    const query = parseRequest(pageQuery, request.query);
    return pageOf(
      (await batchMembers(deps, batch)).map((member) => toWire(member, deps.clock.now())),
      query,
    );
  });
}

async function findMember({ store }: Deps, vectorStoreId: string, fileId: string): Promise<VectorStoreFileRecord> {
  const member = await store.tables.vectorStoreFiles.get(memberKey(vectorStoreId, fileId));
  if (member === undefined) throw notFound('Vector store file', fileId);
  return member;
}

async function findBatch({ store }: Deps, params: { id: string; batch: string }): Promise<FileBatchRecord> {
  const batch = await store.tables.fileBatches.get(params.batch);
  if (batch === undefined || batch.vectorStoreId !== params.id) throw notFound('File batch', params.batch);
  return batch;
}

async function batchMembers(deps: Deps, batch: FileBatchRecord): Promise<VectorStoreFileRecord[]> {
  const members = await membersOf(deps, batch.vectorStoreId);
  return members.filter((member) => batch.fileIds.includes(member.fileId));
}

async function batchToWire(deps: Deps, batch: FileBatchRecord): Promise<Record<string, unknown>> {
  const counts = countMembers(await batchMembers(deps, batch), deps.clock.now());
  return {
    id: batch.id,
    object: 'vector_store.files_batch',
    created_at: Math.floor(batch.createdAt / 1000),
    vector_store_id: batch.vectorStoreId,
    status: counts.in_progress > 0 ? 'in_progress' : 'completed',
    file_counts: counts,
  };
}

function toWire(member: VectorStoreFileRecord, now: number): Record<string, unknown> & { id: string; status: string } {
  return {
    id: member.fileId,
    object: 'vector_store.file',
    created_at: Math.floor(member.createdAt / 1000),
    vector_store_id: member.vectorStoreId,
    status: memberStatusAt(member, now),
    usage_bytes: member.usageBytes,
    last_error: now < member.readyAt ? null : member.error,
    attributes: member.attributes,
    chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 } },
  };
}
