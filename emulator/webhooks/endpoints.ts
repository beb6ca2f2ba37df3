import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Deps } from '../deps';
import { WEBHOOK_EVENTS, type EndpointRecord } from './record';
import { webhookSecretSchema } from './signature';

/** Where webhooks go: whatever its owner configures, by http or https. A password in it would show in listings. */
export const webhookUrlSchema = z.string().max(2048).refine(isWebhookUrl, {
  error: 'expected an absolute http or https URL without user name and password.',
});

export const eventTypesSchema = z.array(z.enum(WEBHOOK_EVENTS)).min(1);

/** An endpoint of the option `webhooks`. */
export const webhookOptionSchema = z.strictObject({
  /** Absolute http or https URL. */
  url: webhookUrlSchema,
  /** One secret, or several while they are being replaced: each gives a signature. `whsec_…` or any text. */
  secrets: z.array(webhookSecretSchema).min(1).max(10),
  /** Types of events to send; all when left out. */
  events: eventTypesSchema.optional(),
});
type WebhookOption = z.output<typeof webhookOptionSchema>;

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}

/** Every endpoint: those of the options, then those registered by the admin API, oldest first. */
export async function listEndpoints({ options, store }: Pick<Deps, 'options' | 'store'>): Promise<EndpointRecord[]> {
  const registered = await store.tables.webhookEndpoints.values().all();
  const byAge = registered.toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0));
  return [...options.webhooks.map(fromOption), ...byAge];
}

/** The endpoint of an id, or undefined. */
export async function findEndpoint(
  deps: Pick<Deps, 'options' | 'store'>,
  id: string,
): Promise<EndpointRecord | undefined> {
  const fromOptions = deps.options.webhooks.map(fromOption).find((endpoint) => endpoint.id === id);
  return fromOptions ?? deps.store.tables.webhookEndpoints.get(id);
}

/** Its id follows from the URL, so that deliveries go on after a restart with the same options. */
function fromOption({ url, secrets, events }: WebhookOption): EndpointRecord {
  return {
    id: `whe_${createHash('sha256').update(url).digest('hex').slice(0, 50)}`,
    url,
    secrets: secrets.map((value) => ({ value, expiresAt: null })),
    eventTypes: events ?? null,
    createdAt: null,
  };
}

/** The secrets that sign at an instant (milliseconds). */
export function validSecrets({ secrets }: EndpointRecord, now: number): string[] {
  return secrets.filter(({ expiresAt }) => expiresAt === null || now < expiresAt).map(({ value }) => value);
}
