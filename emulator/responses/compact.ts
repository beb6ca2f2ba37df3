import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { maybe, parseRequest } from '../http/validation';
import { newId } from '../ids';
import { gatherContext } from './context';
import { checkModel } from './create';
import { compactionOf, openContext } from './encrypted';
import { contextFields, createFields } from './request';
import { checkItems } from './rules';
import { countItemTokens, countTokens, guidanceOf, usageOf } from './tokens';

const compactSchema = z.strictObject({
  ...contextFields,
  model: createFields.model,
  instructions: createFields.instructions,
  prompt_cache_key: maybe(z.string().max(64)),
  prompt_cache_options: createFields.prompt_cache_options,
  prompt_cache_retention: createFields.prompt_cache_retention,
  service_tier: createFields.service_tier,
});

/** `POST /responses/compact`: the user's messages, and one item for all the rest. Nothing is stored. */
export function compactRoute(app: FastifyInstance, deps: Deps): void {
  app.post('/responses/compact', async (request) => {
    const body = parseRequest(compactSchema, request.body);
    checkModel(deps, body);
    const { sealKey } = deps.store;
    const context = await gatherContext(deps, body);
    await checkItems(deps.store, context);
    const { earlier, input } = openContext(sealKey, context);
    const items = [...earlier, ...input];
    const isUsers = (item: (typeof items)[number]): boolean => item['role'] === 'user';
    const rest = items.filter((item) => !isUsers(item));
    const compaction = compactionOf(sealKey, rest);
    return {
      id: newId('resp'),
      object: 'response.compaction',
      created_at: Math.floor(deps.clock.now() / 1000),
      output: [...items.filter(isUsers), compaction],
      usage: usageOf({
        earlier: countItemTokens(earlier),
        fresh: countItemTokens(input) + countTokens(guidanceOf(body)),
        output: countItemTokens(openContext(sealKey, { earlier: [], input: [compaction] }).input),
        reasoning: 0,
      }),
    };
  });
}
