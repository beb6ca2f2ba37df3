import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import { type ActivityDeps, type Announcer, look, type PendingWait } from '../activities';
import { STEP_PROGRESS_SIGNAL } from '../contract/names';
import { type StepDoing } from '../contract/progress';
import { completeWait } from './announce-ends';
import { chooseAnnouncer } from './choose-announcer';
import { createFollower } from './follower';
import { type Told } from './teller';
import { createWatcher } from './watcher';

type Sources = Pick<ActivityDeps, 'provider' | 'store' | 'webhooks'>;

/** What a worker learns of ends with, and what it tells runs meanwhile. Stop it when the worker has ended. */
export function createAnnouncers(
  client: Client,
  { provider, store, webhooks }: Sources,
): { announcer: Announcer; stop(): void } {
  const { logger } = Runtime.instance();
  const sources = { provider, store };
  const watcher = createWatcher({
    look: (input) => look(sources, input),
    complete: async ({ workflowId }, collected) =>
      void (await completeWait(client, workflowId, { ...collected, announcedBy: 'watcher' })),
    onError: ({ input }, error) => logger.debug('watch failed', { responseId: input.responseId, error }),
    onShed: ({ input }) =>
      logger.warn('too many looks at once; this wait goes on by its fallback', { responseId: input.responseId }),
  });
  const follower = createFollower({
    follow: (responseId, options) => provider.followResponse(responseId, options),
    async finish({ workflowId, input }) {
      const collected = await look(sources, input);
      if (collected) await completeWait(client, workflowId, { ...collected, announcedBy: 'stream' });
      return collected !== undefined;
    },
    tell: (wait, told) => tellRun(client, wait, told),
    watch: (wait) => watcher.watch(wait),
    onError: ({ input }, error) => logger.debug('stream failed', { responseId: input.responseId, error }),
  });
  return {
    announcer: chooseAnnouncer({ watcher, follower, webhooks }),
    stop() {
      follower.stop();
      watcher.stop();
    },
  };
}

/** A run that has ended meanwhile is not told any more. */
async function tellRun(client: Client, { workflowId, input }: PendingWait, told: Told): Promise<void> {
  const doing: StepDoing = { stepId: input.stepId, responseId: input.responseId, ...told };
  try {
    await client.workflow.getHandle(workflowId).signal(STEP_PROGRESS_SIGNAL, doing);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
