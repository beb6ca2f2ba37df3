import { z } from 'zod';
import { plannedFaultSchema, planSchema, planText } from './plan';

const FILTER = /^([^=]+)=(.*)$/;

const ruleObject = z.strictObject({
  faults: z.array(plannedFaultSchema).min(1).max(100),
  /** Only requests about responses whose metadata holds all of these pairs. */
  metadata: z.record(z.string(), z.string()).default({}),
});
/** A plan, and which responses it is for. */
export type FaultRule = z.output<typeof ruleObject>;

/** `plan [" where " key=value *(" and " key=value)]` */
export const ruleTextSchema = z.string().transform((text, context): FaultRule => {
  const [plan = '', ...filters] = text.split(/ where | and /);
  const faults = planSchema.safeParse(plan);
  const pairs = filters.map((filter) => FILTER.exec(filter.trim()));
  if (faults.success && !pairs.includes(null)) {
    const metadata = Object.fromEntries(pairs.flatMap((pair) => (pair === null ? [] : [[pair[1]?.trim(), pair[2]]])));
    return { faults: faults.data, metadata: metadata as Record<string, string> };
  }
  const wrong = faults.error?.issues[0]?.message ?? `'${text}'. Expected PLAN where KEY=VALUE and KEY=VALUE`;
  context.addIssue({ code: 'custom', message: wrong });
  return z.NEVER;
});

/** A rule as options and the admin API take it: in text or in JSON. */
export const ruleSchema = z.union([ruleTextSchema, ruleObject], {
  error: ({ input, errors }) => (typeof input === 'string' ? String(errors?.[0]?.[0]?.message) : undefined),
});

/** The text of a rule. */
export function ruleText({ faults, metadata }: FaultRule): string {
  const filters = Object.entries(metadata).map(([key, value]) => `${key}=${value}`);
  return filters.length === 0 ? planText(faults) : `${planText(faults)} where ${filters.join(' and ')}`;
}

/** Whether a rule is for a response with this metadata. */
export function isFor({ metadata }: FaultRule, of: Readonly<Record<string, string>>): boolean {
  return Object.entries(metadata).every(([key, value]) => of[key] === value);
}
