import { z } from 'zod';
import { seededFraction } from '../ids';
import { entryOf, type Fault } from './catalogue';
import { OPERATIONS, type Operation } from './operations';

const FORMS =
  'name[:argument][@operation][#nth][*count][%probability[~seed]], such as failed:server_error*1 or http_503@retrieve#2';
const TEXT =
  /^(?<name>\w+)(?::(?<argument>[\w.:-]+))?(?:@(?<operation>\w+))?(?:#(?<nth>\d{1,6}))?(?:\*(?<count>\d{1,6}))?(?:%(?<probability>\d(?:\.\d+)?)(?:~(?<seed>[\w-]+))?)?$/;

/** One fault of a plan, in JSON. */
export const plannedFaultSchema = z
  .strictObject({
    name: z.string(),
    argument: z.string().optional(),
    /** The kind of request it is counted on; default by its name. */
    operation: z.enum(OPERATIONS).optional(),
    /** The first request it happens to, from 1; default: the one after the fault before it. */
    nth: z.number().int().min(1).optional(),
    /** To how many requests in a row it happens; default: one with `nth`, for ever without. */
    count: z.number().int().min(0).optional(),
    /** Between 0 and 1: it happens to that share of those requests, drawn by `seed`. */
    probability: z.number().min(0).max(1).optional(),
    seed: z.string().max(64).optional(),
  })
  .transform((fault, context) => {
    const entry = entryOf(fault.name);
    const argument = fault.argument ?? entry?.takes?.fallback;
    const problem = problemOf(fault, entry, argument);
    if (problem === null && entry !== undefined) return { ...fault, argument, operation: fault.operation ?? entry.on };
    context.addIssue({ code: 'custom', message: problem ?? '' });
    return z.NEVER;
  });
/** A fault with the requests that it happens to. */
export type PlannedFault = z.output<typeof plannedFaultSchema>;

function problemOf(
  { name, argument }: Fault,
  entry: ReturnType<typeof entryOf>,
  filled: string | undefined,
): string | null {
  if (entry === undefined) return `there is no fault '${name}'`;
  const { takes } = entry;
  if (takes === undefined) return argument === undefined ? null : `'${name}' takes no argument, but got '${argument}'`;
  if (filled === undefined) return `'${name}' needs ${takes.what}`;
  // A rule that was parsed before has the default filled in.
  if (argument === undefined || argument === takes.fallback) return null;
  return takes.pattern.test(argument) ? null : `'${name}' takes ${takes.what}, but got '${argument}'`;
}

/** Faults for requests in turn: `fault *("," fault)`. Its issues say which fault is wrong and what was expected. */
export const planSchema = z
  .string()
  .max(2000)
  .transform((text, context) => {
    return text.split(',').map((part) => {
      const raw = TEXT.exec(part.trim())?.groups;
      const parsed = raw === undefined ? undefined : plannedFaultSchema.safeParse(fromText(raw));
      if (parsed?.success === true) return parsed.data;
      const reason = parsed?.error.issues[0]?.message;
      const message = `'${part.trim()}'${reason === undefined ? '' : ` (${reason})`}. Expected ${FORMS}`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    });
  });

function fromText({ nth, count, probability, ...rest }: Record<string, string | undefined>): Record<string, unknown> {
  return { ...rest, nth: toNumber(nth), count: toNumber(count), probability: toNumber(probability) };
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** The text of a plan; what was left out stays out. */
export function planText(plan: readonly PlannedFault[]): string {
  return plan.map(faultText).join(',');
}

function faultText({ name, argument, operation, nth, count, probability, seed }: PlannedFault): string {
  const entry = entryOf(name);
  return [
    name,
    marked(':', argument === entry?.takes?.fallback ? undefined : argument),
    marked('@', operation === entry?.on ? undefined : operation),
    marked('#', nth),
    marked('*', count),
    marked('%', probability),
    marked('~', seed),
  ].join('');
}

function marked(sign: string, value: string | number | undefined): string {
  return value === undefined ? '' : `${sign}${value}`;
}

/** The faults of a plan that are counted on one kind of request. */
export function laneOf(plan: readonly PlannedFault[], operation: Operation): PlannedFault[] {
  return plan.filter((fault) => fault.operation === operation);
}

/** What happens to the n-th request, from 1; null where it goes well. */
export function faultAt(lane: readonly PlannedFault[], n: number): Fault | null {
  let next = 1;
  for (const planned of lane) {
    const start = planned.nth ?? next;
    next = start + (planned.count ?? (planned.nth === undefined ? Infinity : 1));
    if (n < start || n >= next) continue;
    return planned.name !== 'ok' && isDrawn(planned, n) ? { name: planned.name, argument: planned.argument } : null;
  }
  return null;
}

/** Depends on seed, fault and place alone, so that the same requests meet the same faults. */
function isDrawn(planned: PlannedFault, n: number): boolean {
  const { probability = 1, seed = '' } = planned;
  return seededFraction(seed, `${planned.name}#${n}`) < probability;
}
