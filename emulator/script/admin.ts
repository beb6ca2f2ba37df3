import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps';
import { ApiError } from '../http/errors';
import { parseRequest } from '../http/validation';
import type { ScriptBook } from './book';
import { scriptSchema } from './schema';

/** `/emulator/script`: the script in force. */
export function scriptRoutes(app: FastifyInstance, { script }: Deps): void {
  app.get('/emulator/script', async () => describe(script));

  app.put('/emulator/script', async (request) => {
    await script.set(parseRequest(scriptSchema, request.body));
    return describe(script);
  });

  app.delete('/emulator/script', async () => {
    const last = await describe(script);
    await script.clear();
    return { ...last, deleted: true };
  });
}

async function describe(script: ScriptBook): Promise<Record<string, unknown>> {
  const report = await script.report();
  if (report === null) throw new ApiError(404, 'No script is in force; PUT one.');
  return { object: 'emulator.script', ...report };
}
