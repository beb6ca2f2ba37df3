import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Deps } from './deps';
import { ApiError } from './http/errors';
import { parseRequest } from './http/validation';

const params = z.object({ model: z.string() });
/** Shown where any name is accepted; the list cannot be empty for clients that pick from it. */
const ANY = ['offline-extractive'];

/** Aliases and the snapshots that they stand for, as the API resolved them when this was written (2026-11). */
const SNAPSHOTS: Readonly<Record<string, string>> = {
  'gpt-4o': '2024-08-06',
  'gpt-4o-mini': '2024-07-18',
  'gpt-4.1': '2025-04-14',
  'gpt-4.1-mini': '2025-04-14',
  'gpt-4.1-nano': '2025-04-14',
  o1: '2024-12-17',
  'o1-pro': '2025-03-19',
  o3: '2025-04-16',
  'o3-mini': '2025-01-31',
  'o3-pro': '2025-06-10',
  'o4-mini': '2025-04-16',
  'gpt-5': '2025-08-07',
  'gpt-5-mini': '2025-08-07',
  'gpt-5-nano': '2025-08-07',
  'gpt-5-pro': '2025-10-06',
  'gpt-5.1': '2025-11-13',
  'gpt-5.2': '2025-12-11',
  'gpt-5.2-pro': '2025-12-11',
  'gpt-5.4-mini': '2026-03-17',
  'gpt-5.4-nano': '2026-03-17',
};

/** The dated model that an alias stands for; any other name is its own. */
export function datedModel(name: string): string {
  const date = Object.hasOwn(SNAPSHOTS, name) ? SNAPSHOTS[name] : undefined;
  return date === undefined ? name : `${name}-${date}`;
}

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
