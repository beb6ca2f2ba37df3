import type { FastifyInstance } from 'fastify';
import type { Deps } from './deps';
import { EMULATOR_NAME } from './identity';
import type { CreateRow, ResponseStatus } from './responses/record';
import { statusAt } from './responses/record';

const METADATA_FILTER = /^metadata\[(.+)\]$/;

/** `/emulator/...`: what the server did, for tests and for people. */
export function adminRoutes(app: FastifyInstance, { store, options }: Deps): void {
  app.get('/emulator/status', async () => {
    const byStatus: Partial<Record<ResponseStatus | 'deleted', number>> = {};
    let creates = 0;
    for await (const row of store.tables.creates.values()) {
      const status = await statusOf(row);
      byStatus[status] = (byStatus[status] ?? 0) + 1;
      creates += 1;
    }
    const counts = { creates, responses_by_status: byStatus };
    return { instanceId: store.instanceId, model: EMULATOR_NAME, speed: options.speed, counts };
  });

  app.get('/emulator/creates', async (request) => {
    const wanted = Object.entries(request.query as Record<string, unknown>).flatMap(([name, value]) => {
      const key = METADATA_FILTER.exec(name)?.[1];
      return key === undefined ? [] : [[key, value] as const];
    });
    const data: unknown[] = [];
    for await (const row of store.tables.creates.values()) {
      if (wanted.every(([key, value]) => row.metadata[key] === value)) data.push(await describe(row));
    }
    return { object: 'list', data };
  });

  async function statusOf(row: CreateRow): Promise<ResponseStatus | 'deleted'> {
    const record = await store.tables.responses.get(row.id);
    return record === undefined || record.deletedAt !== undefined ? 'deleted' : statusAt(record, Date.now());
  }

  async function describe(row: CreateRow): Promise<Record<string, unknown>> {
    return {
      id: row.id,
      created_at: Math.floor(row.createdAt / 1000),
      status: await statusOf(row),
      metadata: row.metadata,
      conversation: row.conversation,
      previous_response_id: row.previousResponseId,
      input_bytes: row.inputBytes,
    };
  }
}
