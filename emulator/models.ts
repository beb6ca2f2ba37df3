import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Deps } from './deps';
import { ApiError } from './http/errors';
import { parseRequest } from './http/validation';

const params = z.object({ model: z.string() });
/** Shown where any name is accepted; the list cannot be empty for clients that pick from it. */
const ANY = ['offline-extractive'];

/** `GET /models`: the accepted names; any name is accepted where the options do not restrict them. */
export function modelRoutes(app: FastifyInstance, { options }: Deps): void {
  app.get('/models', async () => ({ object: 'list', data: (options.models ?? ANY).map(toWire) }));

  app.get('/models/:model', async (request) => {
    const { model } = parseRequest(params, request.params);
    if (options.models?.includes(model) === false) {
      throw new ApiError(404, `The model '${model}' does not exist.`, { param: 'model', code: 'model_not_found' });
    }
    return toWire(model);
  });
}

function toWire(id: string): Record<string, unknown> {
  return { id, object: 'model', created: 0, owned_by: 'emulator' };
}
