import { type Logger } from '@temporalio/worker';
import { type PendingWait } from '../activities';
import { isRetryable } from '../contract/failures';
import { ProviderError } from '../openai';

/** A provider that is down fails every look of a worker: one line tells of all of them. */
const QUIET_MS = 10_000;

/** Logs what goes wrong beside the activities, where Temporal does not see it. Each line names its run and step. */
export interface AnnouncerLog {
  failed(what: string, wait: PendingWait, error: unknown): void;
  shed(wait: PendingWait): void;
}

/**
 * A failure that is tried again is logged once in ten seconds, with the number of those that were like it since; a rate
 * limit is no failure at all.
 */
export function createAnnouncerLog(logger: Logger, now = Date.now): AnnouncerLog {
  const last = new Map<string, { at: number; more: number }>();

  const quietly = (key: string, write: (more: number) => void): void => {
    const before = last.get(key);
    if (before && now() < before.at + QUIET_MS) {
      before.more += 1;
      return;
    }
    last.set(key, { at: now(), more: 0 });
    write(before?.more ?? 0);
  };

  return {
    failed(what, wait, error) {
      const ids = idsOf(wait);
      if (!(error instanceof ProviderError) || !isRetryable(error.type)) {
        logger.warn(`${what} failed; the wait goes on by its fallback`, { ...ids, error });
        return;
      }
      const { type: failure, message: reason, retryAfterMs } = error;
      quietly(`${what}/${failure}`, (more) => {
        if (failure === 'RateLimited') {
          logger.info("looks are held back by the provider's rate limit", { ...ids, retryAfterMs, more });
        } else logger.warn(`${what} failed and is tried again`, { ...ids, failure, reason, more });
      });
    },
    shed(wait) {
      quietly('shed', (more) =>
        logger.warn('too many looks at once; this wait goes on by its fallback', { ...idsOf(wait), more }),
      );
    },
  };
}

function idsOf({ workflowId, input: { stepId, responseId } }: PendingWait): Record<string, string> {
  return { workflowId, stepId, responseId };
}
