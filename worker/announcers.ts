import { type Client } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import { type ActivityDeps, type Announcer, look } from '../activities';
import { tellRun } from '../activities/tell-run';
import { completeWait } from './announce-ends';
import { createAnnouncerLog } from './announcer-log';
import { chooseAnnouncer } from './choose-announcer';
import { createFollower } from './follower';
import { createWatcher } from './watcher';

type Sources = Pick<ActivityDeps, 'provider' | 'store' | 'webhooks'>;

/** What a worker learns of ends with, and what it tells runs meanwhile. Stop it when the worker has ended. */
export function createAnnouncers(
  client: Client,
  { provider, store, webhooks }: Sources,
): { announcer: Announcer; stop(): void } {
  const log = createAnnouncerLog(Runtime.instance().logger);
  const sources = { provider, store };
  const watcher = createWatcher({
    look: (input) => look(sources, input),
    complete: async ({ workflowId }, collected) =>
      void (await completeWait(client, workflowId, { ...collected, announcedBy: 'watcher' })),
    onError: (wait, error) => log.failed('look', wait, error),
    onShed: (wait) => log.shed(wait),
  });
  const follower = createFollower({
    follow: (responseId, options) => provider.followResponse(responseId, options),
    async finish({ workflowId, input }) {
      const collected = await look(sources, input);
      if (collected) await completeWait(client, workflowId, { ...collected, announcedBy: 'stream' });
      return collected !== undefined;
    },
    tell: ({ workflowId, input: { stepId, responseId } }, told) =>
      tellRun(client, workflowId, { stepId, responseId, ...told }),
    watch: (wait) => watcher.watch(wait),
    onError: (wait, error) => log.failed('stream', wait, error),
  });
  return {
    announcer: chooseAnnouncer({ watcher, follower, webhooks }),
    stop() {
      follower.stop();
      watcher.stop();
    },
  };
}
