import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Deps } from './deps';
import { parseRequest } from './http/validation';
import { EMULATOR_NAME } from './identity';
import type { CreateRow, ResponseRecord, ResponseStatus } from './responses/record';
import { endsForGoodAt, statusAt } from './responses/record';
import { isExpired } from './responses/retention';

/** Ten years at most: far more than any retention, and still a date. */
const MAX_ADVANCE_SECONDS = 315_360_000;
const clockSchema = z.strictObject({ advance_seconds: z.number().min(0).max(MAX_ADVANCE_SECONDS) });
const METADATA_FILTER = /^metadata\[(.+)\]$/;

/** `/emulator/...`: what the server did, for tests and for people. */
export function adminRoutes(app: FastifyInstance, { store, options, clock }: Deps): void {
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

  app.post('/emulator/clock', async (request) => {
    const { advance_seconds: seconds } = parseRequest(clockSchema, request.body);
    return store.exclusive(async () => {
      // Kept before anybody can see it: what was seen of the future stays past after a crash.
      await store.writeClockOffset(clock.aheadBy + seconds * 1000);
      clock.advance(seconds * 1000);
      return { now: clock.now() / 1000 };
    });
  });

  async function recordOf({ id }: CreateRow): Promise<ResponseRecord | undefined> {
    const record = await store.tables.responses.get(id);
    return record === undefined || isExpired(record, clock.now()) ? undefined : record;
  }

  async function statusOf(row: CreateRow): Promise<ResponseStatus | 'deleted'> {
    const record = await recordOf(row);
    return record === undefined ? 'deleted' : statusAt(record, clock.now());
  }

  async function describe(row: CreateRow): Promise<Record<string, unknown>> {
    const record = await recordOf(row);
    return {
      id: row.id,
      created_at: Math.floor(row.createdAt / 1000),
      created_ms: row.createdAt,
      // Known from the create on, also while it lies ahead.
      ends_ms: record === undefined ? null : endsForGoodAt(record),
      status: record === undefined ? 'deleted' : statusAt(record, clock.now()),
      metadata: row.metadata,
      conversation: row.conversation,
      previous_response_id: row.previousResponseId,
      input_bytes: row.inputBytes,
    };
  }
}
