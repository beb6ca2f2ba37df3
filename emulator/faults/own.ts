import { badRequest } from '../http/errors';
import type { ResponseRecord } from '../responses/record';
import type { OwnPlan } from './book';
import { planSchema } from './plan';

/** The metadata keys by which a request asks for faults of its own. */
const PLAN_KEY = 'emulator_fault';
const COUNTER_KEY = 'emulator_fault_key';

/**
 * The plans that a create asks for in its metadata, separated by semicolons. They are counted under
 * `emulator_fault_key`, any string the client chooses; without it creates are counted under the text of the plan and
 * streams, of which a response has several, under its id. Throws a 400 for a plan that does not parse.
 */
export function plansOfRequest(metadata: Readonly<Record<string, string>>, id: string): OwnPlan[] {
  const text = metadata[PLAN_KEY];
  const key = metadata[COUNTER_KEY];
  return text === undefined ? [] : parsePlans(text, key ?? text, key ?? id);
}

/** The plans that a response was created with, counted as the create's or without a key for this response alone. */
export function plansOfResponse({
  id,
  request,
  quirks,
}: Pick<ResponseRecord, 'id' | 'quirks'> & { request: Pick<ResponseRecord['request'], 'metadata'> }): OwnPlan[] {
  const text = quirks?.plan ?? request.metadata?.[PLAN_KEY];
  const counter = quirks?.plan === undefined ? (request.metadata?.[COUNTER_KEY] ?? id) : id;
  return text === undefined ? [] : parsePlans(text, counter, counter);
}

function parsePlans(text: string, counter: string, streams: string): OwnPlan[] {
  return text.split(';').map((part, index) => {
    const plan = planSchema.safeParse(part.trim());
    const place = index === 0 ? '' : `;${index}`;
    if (plan.success) return { counter: `${counter}${place}`, streams: `${streams}${place}`, plan: plan.data };
    throw badRequest(
      `Invalid value: ${plan.error.issues[0]?.message ?? part}.`,
      `metadata.${PLAN_KEY}`,
      'invalid_value',
    );
  });
}
