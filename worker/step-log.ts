import { type ActivityInterceptorsFactory } from '@temporalio/worker';
import { z } from 'zod';

/** What the inputs of the engine's activities tell of their step. */
const stepSchema = z.object({
  stepId: z.string().optional(),
  turn: z.number().optional(),
  create: z.number().optional(),
  responseId: z.string().optional(),
});

/** Adds the step and the response to whatever an activity logs, and to what Temporal's SDK logs of it. */
export const stepLog: ActivityInterceptorsFactory = () => {
  let step: z.infer<typeof stepSchema> = {};
  return {
    inbound: {
      execute(input, next) {
        step = stepSchema.safeParse(input.args[0]).data ?? {};
        return next(input);
      },
    },
    outbound: { getLogAttributes: (input, next) => ({ ...next(input), ...step }) },
  };
};
