import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { DropConnection } from '../http/errors';
import { newId } from '../ids';
import { spoil } from './answer';
import { hasFault, type Fault } from './catalogue';
import { operationsOf } from './operations';
import { plansOfRequest, plansOfResponse } from './own';
import { refuse } from './refusal';

const metadataPart = z.object({ metadata: z.record(z.string(), z.string()) });
const streamPart = z.object({ stream: z.union([z.literal(true), z.literal('true')]) });
const idPart = z.object({ id: z.string().max(256) });

const drawn = new WeakMap<FastifyRequest, readonly Fault[]>();
const reserved = new WeakMap<FastifyRequest, string>();

/** The faults that a request has met. */
export function faultsOf(request: FastifyRequest): readonly Fault[] {
  return drawn.get(request) ?? [];
}

/** The id of the response that a create makes: its later requests are counted under it, and so is its own stream. */
export function responseIdFor(request: FastifyRequest): string {
  const id = reserved.get(request) ?? newId('resp');
  reserved.set(request, id);
  return id;
}

/** Counts every request of the API for its faults, refuses it where one says so, and spoils its answer. */
export function faultHooks(app: FastifyInstance, deps: Deps): void {
  app.addHook('preHandler', async (request) => {
    const faults = await drawFor(deps, request);
    if (faults.length === 0) return;
    drawn.set(request, faults);
    refuse(faults, idPart.safeParse(request.params).data?.id ?? '');
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const faults = faultsOf(request);
    return faults.length === 0 ? payload : spoil({ request, reply, payload }, faults);
  });
}

/** Adds faults that were found while a request was answered, so that they spoil its answer too. */
export function addFaults(request: FastifyRequest, faults: readonly Fault[]): void {
  if (faults.length > 0) drawn.set(request, [...faultsOf(request), ...faults]);
}

/** Cuts the connection of a request that was accepted, where a fault asks for it, before anybody waits for its answer. */
export function cutAccepted(request: FastifyRequest): void {
  if (!hasFault(faultsOf(request), 'drop_after_accept')) return;
  throw new DropConnection('A fault asked for it, after acceptance.');
}

async function drawFor({ faults, store }: Deps, request: FastifyRequest): Promise<Fault[]> {
  const streams = streamPart.safeParse(request.method === 'GET' ? request.query : request.body).success;
  const operations = operationsOf({ method: request.method, route: request.routeOptions.url ?? '', streams });
  if (operations.length === 0) return [];
  if (operations.includes('create')) {
    const metadata = metadataPart.safeParse(request.body).data?.metadata ?? {};
    return faults.draw({ operations, metadata, own: plansOfRequest(metadata, responseIdFor(request)) });
  }
  const id = idPart.safeParse(request.params).data?.id;
  const record = id === undefined ? undefined : await store.tables.responses.get(id);
  const own = record === undefined ? [] : plansOfResponse(record);
  return faults.draw({ operations, metadata: record?.request.metadata ?? {}, own });
}
