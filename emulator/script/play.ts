import { type Fault } from '../faults/catalogue';
import type { Operation } from '../faults/operations';
import { faultAt, laneOf, planSchema } from '../faults/plan';
import { refuse } from '../faults/refusal';
import type { Deps } from '../deps';
import type { CreateBody } from '../responses/request';
import { put, type Change } from '../state';
import { scriptedError } from './answer';
import type { ScriptedAnswer } from './schema';

/** What the script has to say about a create that goes ahead. */
export interface Played {
  readonly answer: ScriptedAnswer;
  /** Those that the step asks for. */
  readonly faults: readonly Fault[];
  /** To be written together with the create. */
  readonly changes: Change[];
}

/**
 * Looks up what the script has for a create; nothing where there is no script. Throws what the step refuses with, or the
 * 400 for a create that is not expected.
 */
export async function playStep({ script, store, clock }: Deps, body: CreateBody, id: string): Promise<Played> {
  const met = await script.meet(body, clock.now());
  if (met === null) return { answer: {}, faults: [], changes: [] };
  const { answer = {}, refuse: refusal } = met.step;
  const plan = answer.fault === undefined ? [] : planSchema.parse(answer.fault);
  const operations: readonly Operation[] = body.stream === true ? ['create', 'stream'] : ['create'];
  const faults = operations.flatMap((operation) => faultAt(laneOf(plan, operation), 1) ?? []);
  try {
    if (refusal !== undefined) throw scriptedError(refusal);
    refuse(faults, '');
  } catch (error) {
    await store.write(met.changes);
    throw error;
  }
  // A later stream of the response is not its first.
  const counted = operations.includes('stream') ? [put(store.tables.faultCounts, `${id}!stream`, 1)] : [];
  return { answer, faults, changes: [...met.changes, ...counted] };
}
