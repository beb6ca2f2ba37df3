import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { badRequest, notFound } from '../http/errors';
import { maybe, parseRequest } from '../http/validation';
import { newId } from '../ids';
import { del, put, type Change } from '../state';
import { dueAt } from './due';
import { eventTypesSchema, findEndpoint, listEndpoints, webhookUrlSchema } from './endpoints';
import { WEBHOOK_EVENTS, type DeliveryRecord, type EndpointRecord } from './record';
import { newWebhookSecret, webhookSecretSchema } from './signature';

const KEPT_MS = 24 * 3600 * 1000;

const createSchema = z.strictObject({
  url: webhookUrlSchema,
  signing_secret: maybe(webhookSecretSchema),
  event_types: maybe(eventTypesSchema),
});
const rotateSchema = maybe(
  z.strictObject({
    signing_secret: maybe(webhookSecretSchema),
    keep_old_secret_active_for_24_hours: maybe(z.boolean()),
  }),
);
const idParams = z.object({ id: z.string().max(256) });
const deliveriesQuery = z.object({
  response_id: z.string().optional(),
  state: z.enum(['pending', 'delivered', 'given_up', 'lost']).optional(),
});

/** `/emulator/webhooks` and `/emulator/deliveries`: where webhooks go, and how they went. Secrets are never shown. */
export function webhookRoutes(app: FastifyInstance, deps: Deps): void {
  const { store, clock } = deps;
  const { webhookEndpoints, deliveries } = store.tables;

  app.get('/emulator/webhooks', async () => ({ object: 'list', data: (await listEndpoints(deps)).map(toWire) }));

  app.post('/emulator/webhooks', async (request) => {
    const { url, signing_secret: given, event_types: types } = parseRequest(createSchema, request.body);
    const value = given ?? newWebhookSecret();
    const endpoint: EndpointRecord = {
      id: newId('whe'),
      url,
      secrets: [{ value, expiresAt: null }],
      eventTypes: types ?? null,
      createdAt: clock.now(),
    };
    await store.write([put(webhookEndpoints, endpoint.id, endpoint)]);
    return withNewSecret(endpoint, given);
  });

  app.post('/emulator/webhooks/:id/rotate', async (request) => {
    const { id } = parseRequest(idParams, request.params);
    const body = parseRequest(rotateSchema, request.body);
    const value = body?.signing_secret ?? newWebhookSecret();
    return store.exclusive(async () => {
      const endpoint = await ownEndpoint(deps, id);
      const now = clock.now();
      const old = body?.keep_old_secret_active_for_24_hours === true ? endpoint.secrets : [];
      const kept = old.map((secret) => ({ ...secret, expiresAt: secret.expiresAt ?? now + KEPT_MS }));
      const secrets = [{ value, expiresAt: null }, ...kept.filter(({ expiresAt }) => now < expiresAt)];
      const rotated = { ...endpoint, secrets };
      await store.write([put(webhookEndpoints, id, rotated)]);
      return withNewSecret(rotated, body?.signing_secret);
    });
  });

  app.delete('/emulator/webhooks/:id', async (request) => {
    const { id } = parseRequest(idParams, request.params);
    await store.exclusive(async () => {
      await ownEndpoint(deps, id);
      await store.write([del(webhookEndpoints, id), ...(await giveUp(deps, id))]);
    });
    return { id, object: 'webhook_endpoint.deleted', deleted: true };
  });

  app.get('/emulator/deliveries', async (request) => {
    const { response_id: responseId, state } = parseRequest(deliveriesQuery, request.query);
    const data: unknown[] = [];
    for await (const delivery of deliveries.values()) {
      const wanted = responseId === undefined || delivery.event.responseId === responseId;
      if (wanted && (state === undefined || delivery.state === state)) data.push(describe(delivery));
    }
    return { object: 'list', data };
  });
}

/** An endpoint that the admin API registered. Throws a 404, and a 400 for one of the options. */
async function ownEndpoint(deps: Deps, id: string): Promise<EndpointRecord> {
  const endpoint = await findEndpoint(deps, id);
  if (endpoint === undefined) throw notFound('Webhook endpoint', id);
  if (endpoint.createdAt !== null) return endpoint;
  throw badRequest(`Webhook endpoint '${id}' comes from the options of the emulator and is changed there.`, 'id');
}

async function giveUp({ store }: Deps, endpointId: string): Promise<Change[]> {
  const { webhooksDue, deliveries } = store.tables;
  const changes: Change[] = [];
  for await (const [dueRow, key] of webhooksDue.iterator(dueAt(endpointId))) {
    const delivery = await deliveries.get(key);
    changes.push(del(webhooksDue, dueRow));
    if (delivery !== undefined) {
      changes.push(put(deliveries, key, { ...delivery, state: 'given_up' as const, nextAttemptAt: null }));
    }
  }
  return changes;
}

function toWire({ id, url, eventTypes, createdAt }: EndpointRecord): Record<string, unknown> {
  return {
    id,
    object: 'webhook_endpoint',
    created_at: createdAt === null ? null : Math.floor(createdAt / 1000),
    url,
    event_types: eventTypes ?? WEBHOOK_EVENTS,
  };
}

/** A secret that the emulator made is shown this once; one that the client gave never. */
function withNewSecret(endpoint: EndpointRecord, given: string | undefined): Record<string, unknown> {
  const made = given === undefined ? { signing_secret: endpoint.secrets[0]?.value } : {};
  return { ...toWire(endpoint), ...made };
}

function describe(delivery: DeliveryRecord): Record<string, unknown> {
  const { webhookId, event, endpointId, url, state, nextAttemptAt, attempts } = delivery;
  return {
    webhook_id: webhookId,
    event_id: event.id,
    type: event.type,
    response_id: event.responseId,
    endpoint_id: endpointId,
    url,
    state,
    next_attempt_at: nextAttemptAt === null ? null : nextAttemptAt / 1000,
    attempts: attempts.map(({ at, status, error }) => ({ at: at / 1000, status, error })),
  };
}
