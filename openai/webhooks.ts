import OpenAI, { InvalidWebhookSignatureError } from 'openai';
import { z } from 'zod';

/** Body of a webhook: which response, and what happened to it. Everything else is asked of the provider. */
export const webhookEventSchema = z.looseObject({
  id: z.string().min(1),
  type: z.string().min(1),
  created_at: z.number(),
  data: z.looseObject({ id: z.string().min(1) }),
});
export type WebhookEvent = z.infer<typeof webhookEventSchema>;

/** A webhook that is not the provider's, or that cannot be read. The message holds no secret and no body. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
}

type Headers = Record<string, string | string[] | undefined>;

/**
 * Reader of the provider's webhooks: checks signature and time (5 minutes both ways, by the official SDK), then the body.
 * @param secrets Of the endpoint; several while one is replaced by another: any of them will do.
 * @returns a function that throws `WebhookRefused`.
 */
export function createWebhookReader(
  secrets: readonly string[],
): (body: string, headers: Headers) => Promise<WebhookEvent> {
  const { webhooks } = new OpenAI({ apiKey: 'unused', adminAPIKey: null, webhookSecret: null, logLevel: 'off' });
  const verify = async (body: string, headers: Headers): Promise<void> => {
    let reason = 'no secret is set';
    for (const secret of secrets) {
      try {
        return await webhooks.verifySignature(body, flat(headers), secret);
      } catch (error) {
        reason = reasonOf(error);
      }
    }
    throw new WebhookRefused(reason);
  };
  return async (body, headers) => {
    await verify(body, headers);
    const event = webhookEventSchema.safeParse(parseJson(body));
    if (event.success) return event.data;
    const [issue] = event.error.issues;
    throw new WebhookRefused(
      `the body is no webhook event: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`,
    );
  };
}

function flat(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(' ')]));
}

/** What is wrong with the signature; a missing header is a plain error of the SDK. */
function reasonOf(error: unknown): string {
  if (error instanceof InvalidWebhookSignatureError) return error.message;
  if (error instanceof Error && error.message.startsWith('Missing required header')) return error.message;
  throw error;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WebhookRefused('the body is not JSON', { cause: error });
  }
}
