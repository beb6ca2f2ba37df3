import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { cutAccepted, faultsOf } from '../faults/hooks';
import { badRequest, DropConnection, notFound } from '../http/errors';
import { pageOf, pageQuery } from '../http/page';
import { parseRequest } from '../http/validation';
import { cancelResponse, deleteResponse } from './change';
import { findResponse } from './context';
import { createResponse } from './create';
import { isOpen, statusAt, type ResponseRecord } from './record';
import { includeSchema, parseCreateBody } from './request';
import { responseAt } from './snapshot';

const idParams = z.object({ id: z.string().max(256) });
const oneOrMany = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const retrieveQuery = z.looseObject({
  stream: z.enum(['true', 'false']).optional(),
  'include[]': oneOrMany.pipe(includeSchema).optional(),
  include: oneOrMany.pipe(includeSchema).optional(),
});

/** `/responses` and what lies under it. */
export function responseRoutes(app: FastifyInstance, deps: Deps): void {
  const { outputs, inputs } = deps.store.tables;

  app.post('/responses', async (request, reply) => {
    const body = parseCreateBody(request.body);
    const { record, output } = await createResponse(deps, body, faultsOf(request));
    cutAccepted(request);
    // As accepted, however long the answer took to be written.
    if (body.background === true) return responseAt(record, output, record.createdAt);
    await waitForEnd(deps, record, reply);
    const ended = (await deps.store.tables.responses.get(record.id)) ?? record;
    return responseAt(ended, output, deps.clock.now());
  });

  app.get('/responses/:id', async (request) => {
    const query = parseRequest(retrieveQuery, request.query);
    const record = await visibleResponse(deps, parseRequest(idParams, request.params).id);
    checkRetrieve(query);
    const output = (await outputs.get(record.id)) ?? [];
    const now = deps.clock.now();
    const shownAt = now < (record.quirks?.staleUntil ?? 0) ? record.createdAt : now;
    return responseAt(record, output, shownAt, includeOf(query));
  });

  app.delete('/responses/:id', async (request) => {
    const record = await visibleResponse(deps, parseRequest(idParams, request.params).id);
    await deleteResponse(deps, record.id);
    return { id: record.id, object: 'response', deleted: true };
  });

  app.post('/responses/:id/cancel', async (request) => {
    const { id } = await visibleResponse(deps, parseRequest(idParams, request.params).id);
    return responseAt(await cancelResponse(deps, id), [], deps.clock.now());
  });

  app.get('/responses/:id/input_items', async (request) => {
    const query = parseRequest(pageQuery, request.query);
    const { id } = await visibleResponse(deps, parseRequest(idParams, request.params).id);
    return pageOf((await inputs.get(id)) ?? [], query);
  });
}

/** A stored response; one that runs in the foreground cannot be seen before its end. Throws the API's 404. */
async function visibleResponse({ store, clock }: Deps, id: string): Promise<ResponseRecord> {
  const record = await findResponse(store, id, clock.now());
  const hidden =
    record === undefined ||
    record.request.store === false ||
    (record.request.background !== true && isOpen(statusAt(record, clock.now())));
  if (hidden) throw notFound('Response', id);
  return record;
}

function includeOf(query: z.output<typeof retrieveQuery>): z.output<typeof includeSchema> {
  return [...(query.include ?? []), ...(query['include[]'] ?? [])];
}

function checkRetrieve(query: z.output<typeof retrieveQuery>): void {
  if (includeOf(query).includes('reasoning.encrypted_content')) {
    throw badRequest('Encrypted content cannot be requested for persisted responses.', 'include');
  }
  if (query.stream === 'true') {
    throw badRequest(
      'This response cannot be streamed because it was not created with background=true and stream=true.',
      'stream',
    );
  }
}

/** Waits for a foreground response; a client that hangs up stops it, as with the API. */
async function waitForEnd(deps: Deps, record: ResponseRecord, reply: FastifyReply): Promise<void> {
  const gone = new AbortController();
  const hangUp = (): void => gone.abort();
  reply.raw.once('close', hangUp);
  try {
    await deps.clock.until(record.endsAt ?? Infinity, gone.signal);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
    // A server that stops hangs up itself, and the response goes on as it would after a crash.
    if (!reply.server.server.listening) throw new DropConnection('The emulator is stopping.');
    await cancelResponse(deps, record.id, { foreground: true });
  } finally {
    reply.raw.off('close', hangUp);
  }
}
