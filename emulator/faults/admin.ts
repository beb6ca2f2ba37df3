import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Deps } from '../deps';
import { notFound } from '../http/errors';
import { parseRequest } from '../http/validation';
import type { BookedRule } from './book';
import { ruleSchema, ruleText } from './rule';

const bodySchema = z.strictObject({ rule: ruleSchema });
const idParams = z.object({ id: z.string().max(256) });

/** `/emulator/faults`: the rules in force. */
export function faultRoutes(app: FastifyInstance, { faults }: Deps): void {
  app.get('/emulator/faults', async () => {
    const rules = await faults.list();
    return { object: 'list', data: rules.map(({ counts, ...booked }) => ({ ...toWire(booked), counts })) };
  });

  app.post('/emulator/faults', async (request) => {
    return { ...toWire(await faults.add(parseRequest(bodySchema, request.body).rule)), counts: {} };
  });

  app.delete('/emulator/faults', async () => ({ object: 'list', deleted: await faults.remove() }));

  app.delete('/emulator/faults/:id', async (request) => {
    const { id } = parseRequest(idParams, request.params);
    if ((await faults.remove(id)).length === 0) throw notFound('Fault', id);
    return { id, object: 'emulator.fault', deleted: true };
  });
}

function toWire({ id, source, rule }: BookedRule): Record<string, unknown> {
  return { id, object: 'emulator.fault', source, rule: ruleText(rule), faults: rule.faults, metadata: rule.metadata };
}
