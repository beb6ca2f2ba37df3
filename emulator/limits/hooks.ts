import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { operationsOf, type Operation } from '../faults/operations';
import { countTokens, spokenText } from '../responses/tokens';

/** What a model works on; reading, cancelling and keeping things costs nothing. */
const COUNTED: readonly Operation[] = ['create', 'compact'];

/** Read leniently: what is wrong with a body is told by the route, and a wrong request counts too. */
const bodySchema = z.object({
  model: z.string().min(1).max(256),
  input: z.union([z.string(), z.array(z.record(z.string(), z.unknown()))]).catch(''),
  instructions: z.string().catch(''),
  tools: z.array(z.unknown()).catch([]),
  max_output_tokens: z.number().int().min(0).catch(0),
});

/**
 * Counts requests to models against the limits, before anything else is counted or stored, and puts `x-ratelimit-*` on
 * their answers. Throws the API's 429.
 */
export function limitHooks(app: FastifyInstance, { limits }: Deps): void {
  app.addHook('preHandler', async (request, reply) => {
    const call = { method: request.method, route: request.routeOptions.url ?? '', streams: false };
    if (!operationsOf(call).some((operation) => COUNTED.includes(operation))) return;
    const body = bodySchema.safeParse(request.body).data;
    if (body === undefined) return;
    const { headers, refusal } = limits.take(body.model, requestedTokens(body));
    void reply.headers(headers);
    if (refusal !== null) throw refusal;
  });
}

/** What a request may use at most: its own text, as far as it is known before anything is read, and the longest output. */
function requestedTokens(body: z.output<typeof bodySchema>): number {
  const { input, instructions, tools, max_output_tokens: longest } = body;
  const text = typeof input === 'string' ? input : input.map(spokenText).join('\n');
  return countTokens(text + instructions + (tools.length === 0 ? '' : JSON.stringify(tools))) + longest;
}
