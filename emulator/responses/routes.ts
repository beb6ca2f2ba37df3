import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { addFaults, cutAccepted, faultsOf } from '../faults/hooks';
import { badRequest, DropConnection, notFound } from '../http/errors';
import { pageOf, pageQuery } from '../http/page';
import { parseRequest } from '../http/validation';
import { asServed } from './background';
import { cancelResponse, deleteResponse } from './change';
import { compactRoute } from './compact';
import { findResponse } from './context';
import { createResponse } from './create';
import { includeOf, includeQuery } from './include';
import { inputTokensRoute } from './input-tokens';
import { isOpen, statusAt, type ResponseRecord } from './record';
import { parseCreateBody } from './request';
import { shownItems } from './shown';
import { responseAt } from './snapshot';

const ENCRYPTED = 'reasoning.encrypted_content';
const idParams = z.object({ id: z.string().max(256) });
const retrieveQuery = z.looseObject({
  stream: z.enum(['true', 'false']).optional(),
  ...includeQuery,
});
const itemsQuery = pageQuery.extend(includeQuery);

/** `/responses` and what lies under it. */
export function responseRoutes(app: FastifyInstance, deps: Deps): void {
  inputTokensRoute(app, deps);
  compactRoute(app, deps);
  const { inputs, outputs } = deps.store.tables;

  app.post('/responses', async (request, reply) => {
    const body = asServed(parseCreateBody(request.body, deps.options), deps.options.background);
    const { record, output, faults } = await createResponse(deps, body, faultsOf(request));
    addFaults(request, faults);
    cutAccepted(request);
    // As accepted, however long the answer took to be written.
    if (body.background === true) return responseAt(record, output, record.createdAt);
    await waitForEnd(deps, record, reply);
    const ended = (await deps.store.tables.responses.get(record.id)) ?? record;
    return responseAt(ended, output, deps.clock.now(), [ENCRYPTED]);
  });

  app.get('/responses/:id', async (request) => {
    const query = parseRequest(retrieveQuery, request.query);
    const record = await visibleResponse(deps, parseRequest(idParams, request.params).id);
    checkRetrieve(query);
    const now = deps.clock.now();
    const shownAt = now < (record.quirks?.staleUntil ?? 0) ? record.createdAt : now;
    const output = (await outputs.get(record.id)) ?? [];
    return responseAt(record, output, shownAt, includeOf(query));
  });

  app.delete('/responses/:id', async (request) => {
    const record = await visibleResponse(deps, parseRequest(idParams, request.params).id);
    await deleteResponse(deps, record.id);
    return { id: record.id, object: deps.options.deleteObject, deleted: true };
  });

  app.post('/responses/:id/cancel', async (request) => {
    const { id } = await visibleResponse(deps, parseRequest(idParams, request.params).id);
    const cancelled = await cancelResponse(deps, id);
    return responseAt(cancelled, (await outputs.get(id)) ?? [], deps.clock.now());
  });

  app.get('/responses/:id/input_items', async (request) => {
    const query = parseRequest(itemsQuery, request.query);
    const { id } = await visibleResponse(deps, parseRequest(idParams, request.params).id);
    return pageOf(shownItems((await inputs.get(id)) ?? [], includeOf(query)), query);
  });
}

/** A stored response; one that runs in the foreground cannot be seen before its end. Throws the API's 404. */
async function visibleResponse(deps: Deps, id: string): Promise<ResponseRecord> {
  const { store, options, clock } = deps;
  const record = await findResponse(store, id, clock.now());
  if (record === undefined && options.afterDelete === 400) await refuseDeleted(deps, id);
  if (record === undefined || isHidden(record, clock.now())) throw notFound('Response', id);
  return record;
}

/** What runs in the foreground cannot be seen before its end, and afterwards only where it is stored. */
function isHidden(record: ResponseRecord, now: number): boolean {
  return record.request.background !== true && (record.request.store === false || isOpen(statusAt(record, now)));
}

async function refuseDeleted({ store }: Deps, id: string): Promise<void> {
  const deletedAt = await store.tables.deletions.get(id);
  if (deletedAt !== undefined) throw badRequest(`Response with id '${id}' has been deleted.`);
}

function checkRetrieve(query: z.output<typeof retrieveQuery>): void {
  if (includeOf(query).includes(ENCRYPTED)) {
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
