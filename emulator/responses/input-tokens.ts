import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { findConversation } from '../conversations/find';
import type { Deps } from '../deps';
import { maybe, parseRequest } from '../http/validation';
import { conversationIdOf, gatherContext } from './context';
import { openContext } from './encrypted';
import { contextFields, createFields } from './request';
import { countItemTokens, countTokens, guidanceOf } from './tokens';

const inputTokensSchema = maybe(
  z.strictObject({
    ...contextFields,
    model: maybe(createFields.model),
    conversation: createFields.conversation,
    instructions: createFields.instructions,
    parallel_tool_calls: createFields.parallel_tool_calls,
    personality: maybe(z.string()),
    reasoning: createFields.reasoning,
    text: createFields.text,
    tool_choice: createFields.tool_choice,
    tools: createFields.tools,
    truncation: createFields.truncation,
  }),
);

/** `POST /responses/input_tokens`: what a create with the same fields would report as its input. */
export function inputTokensRoute(app: FastifyInstance, deps: Deps): void {
  app.post('/responses/input_tokens', async (request) => {
    const body = parseRequest(inputTokensSchema, request.body ?? undefined) ?? {};
    const conversation = conversationIdOf(body);
    if (conversation !== undefined) await findConversation(deps, conversation);
    const { earlier, input } = openContext(deps.store.sealKey, await gatherContext(deps, body));
    const tokens = countItemTokens(earlier) + countItemTokens(input) + countTokens(guidanceOf(body));
    return { object: 'response.input_tokens', input_tokens: tokens };
  });
}
