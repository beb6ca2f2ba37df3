import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { addFaults, cutAccepted, faultsOf, responseIdFor } from '../faults/hooks';
import { badRequest, DropConnection, notFound } from '../http/errors';
import { whenGone } from '../http/gone';
import { pageOf, pageQuery } from '../http/page';
import { parseRequest } from '../http/validation';
import { asServed } from './background';
import { abandonResponse, cancelResponse, deleteResponse } from './change';
import { compactRoute } from './compact';
import { findResponse } from './context';
import { createResponse } from './create';
import { includeOf, includeQuery } from './include';
import { inputTokensRoute } from './input-tokens';
import { isOpen, statusAt, type Item, type ResponseRecord } from './record';
import { parseCreateBody, type CreateBody } from './request';
import { shownItems } from './shown';
import { responseAt } from './snapshot';
import { sendEvents, type Wanted } from './stream/send';

/** No cancel takes longer to be written. */
const LONGEST_CANCEL_MS = 10_000;
const ENCRYPTED = 'reasoning.encrypted_content';
const idParams = z.object({ id: z.string().max(256) });
const flag = z.enum(['true', 'false']).optional();
const retrieveQuery = z.looseObject({
  stream: flag,
  starting_after: z
    .string()
    .regex(/^\d{1,15}$/, 'expected the sequence number of an event.')
    .transform(Number)
    .optional(),
  include_obfuscation: flag,
  ...includeQuery,
});
type RetrieveQuery = z.output<typeof retrieveQuery>;
const itemsQuery = pageQuery.extend(includeQuery);

/** `/responses` and what lies under it. */
export function responseRoutes(app: FastifyInstance, deps: Deps): void {
  inputTokensRoute(app, deps);
  compactRoute(app, deps);
  const { outputs } = deps.store.tables;

  app.post('/responses', async (request, reply) => {
    const body = asServed(parseCreateBody(request.body, deps.options), deps.options.background);
    const created = await createResponse(deps, body, { id: responseIdFor(request), faults: faultsOf(request) });
    addFaults(request, created.faults);
    cutAccepted(request);
    if (body.stream === true) return sendEvents(deps, created, reply, wholeLog(body));
    const { record, output } = created;
    // As accepted, however long the answer took to be written.
    if (body.background === true) return responseAt(record, output, record.createdAt);
    await waitForEnd(deps, record, reply);
    const ended = (await deps.store.tables.responses.get(record.id)) ?? record;
    return responseAt(ended, (await outputs.get(record.id)) ?? output, deps.clock.now(), [ENCRYPTED]);
  });

  app.get('/responses/:id', async (request, reply) => {
    const query = parseRequest(retrieveQuery, request.query);
    const { id } = parseRequest(idParams, request.params);
    const now = deps.clock.now();
    const { record, part: output } = await visibleWith(deps, { id, now }, 'outputs');
    checkInclude(query);
    if (query.stream === 'true') return sendEvents(deps, { record, output }, reply, restOfLog(deps, record, query));
    const shownAt = now < (record.quirks?.staleUntil ?? 0) ? record.createdAt : now;
    return responseAt(record, output, shownAt, includeOf(query));
  });

  app.delete('/responses/:id', async (request) => {
    const record = await visibleResponse(deps, parseRequest(idParams, request.params).id, deps.clock.now());
    await deleteResponse(deps, record.id);
    return { id: record.id, object: deps.options.deleteObject, deleted: true };
  });

  app.post('/responses/:id/cancel', async (request) => {
    const { id } = await visibleResponse(deps, parseRequest(idParams, request.params).id, deps.clock.now());
    const cancelled = await cancelResponse(deps, id);
    return responseAt(cancelled, (await outputs.get(id)) ?? [], deps.clock.now());
  });

  app.get('/responses/:id/input_items', async (request) => {
    const query = parseRequest(itemsQuery, request.query);
    const { id } = parseRequest(idParams, request.params);
    const { part: items } = await visibleWith(deps, { id, now: deps.clock.now() }, 'inputs');
    return pageOf(shownItems(items, includeOf(query)), query);
  });
}

/** A stored response; one that runs in the foreground cannot be seen before its end. Throws the API's 404. */
async function visibleResponse(deps: Deps, id: string, now: number): Promise<ResponseRecord> {
  const { options } = deps;
  const record = await settledResponse(deps, id, now);
  if (record === undefined && options.afterDelete === 400) await refuseDeleted(deps, id);
  if (record === undefined || isHidden(record, now)) throw notFound('Response', id);
  return record;
}

/** A stored response with its items. Throws the API's 404, also where it is deleted while it is read. */
async function visibleWith(
  deps: Deps,
  { id, now }: { id: string; now: number },
  table: 'inputs' | 'outputs',
): Promise<{ record: ResponseRecord; part: readonly Item[] }> {
  const record = await visibleResponse(deps, id, now);
  const part = await deps.store.tables[table].get(id);
  // Both tables have a row for every response; one that lost it after the record was read is gone.
  return part === undefined ? { record: await visibleResponse(deps, id, now), part: [] } : { record, part };
}

/** A response; where it has just ended by `now`, with a cancel that began before its end and was still to be written. */
async function settledResponse({ store }: Deps, id: string, now: number): Promise<ResponseRecord | undefined> {
  const record = await findResponse(store, id, now);
  const sinceEnd = now - (record?.endsAt ?? Infinity);
  if (sinceEnd < 0 || sinceEnd > LONGEST_CANCEL_MS) return record;
  return store.exclusive(() => findResponse(store, id, now));
}

/** What runs in the foreground cannot be seen before its end, and afterwards only where it is stored. */
function isHidden(record: ResponseRecord, now: number): boolean {
  return record.request.background !== true && (record.request.store === false || isOpen(statusAt(record, now)));
}

async function refuseDeleted({ store }: Deps, id: string): Promise<void> {
  const deletedAt = await store.tables.deletions.get(id);
  if (deletedAt !== undefined) throw badRequest(`Response with id '${id}' has been deleted.`);
}

function checkInclude(query: RetrieveQuery): void {
  if (!includeOf(query).includes(ENCRYPTED)) return;
  throw badRequest('Encrypted content cannot be requested for persisted responses.', 'include');
}

/** What the client gets that creates a response as a stream. */
function wholeLog({ background, stream_options: options }: CreateBody): Wanted {
  const foreground = background !== true;
  return {
    startingAfter: -1,
    since: 0,
    // Absent in the background streams that were recorded, documented as the default.
    obfuscation: options?.include_obfuscation ?? foreground,
    include: foreground ? [ENCRYPTED] : [],
  };
}

/** What a client gets that comes back to a stream. Throws the API's 400 for a response that was not made as one. */
function restOfLog({ options, clock }: Deps, { request }: ResponseRecord, query: RetrieveQuery): Wanted {
  if (request.background !== true || request.stream !== true) {
    const missing = request.background !== true ? 'background' : 'stream';
    throw badRequest(`This response cannot be streamed because it was not created with ${missing}=true.`, 'stream');
  }
  const asked = query.include_obfuscation ?? String(request.stream_options?.include_obfuscation ?? false);
  return {
    startingAfter: query.starting_after ?? -1,
    since: options.replaySeconds === undefined ? 0 : clock.now() - options.replaySeconds * 1000,
    obfuscation: asked === 'true',
    include: includeOf(query),
  };
}

/** Waits for a foreground response; a client that hangs up stops it, as with the API. */
async function waitForEnd(deps: Deps, record: ResponseRecord, reply: FastifyReply): Promise<void> {
  const gone = whenGone(reply);
  try {
    await worked(deps, record.id, gone);
    const known = (await deps.store.tables.responses.get(record.id)) ?? record;
    await deps.clock.until(known.endsAt ?? Infinity, gone);
  } catch (error) {
    if (!gone.aborted) throw error;
    // A server that stops hangs up itself, and the response goes on as it would after a crash.
    if (!reply.server.server.listening) throw new DropConnection('The emulator is stopping.');
    await abandonResponse(deps, record.id);
  }
}

/** Resolves when the output of a response is known. Rejects when `signal` aborts. */
async function worked({ jobs }: Deps, id: string, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  await Promise.race([jobs.ended(id), aborted]);
}
