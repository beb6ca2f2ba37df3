import { type Announcer } from '../activities';
import { type Follower } from './follower';
import { type Watcher } from './watcher';

/** How long a worker watches by itself after it found that webhooks do not arrive. */
const DISTRUST_MS = 600_000;

/** What a worker can announce ends with. */
export interface Announcers {
  watcher: Pick<Watcher, 'watch' | 'watches'>;
  follower: Pick<Follower, 'follow'>;
  /** Whether the provider's webhooks are configured. */
  webhooks: boolean;
  now?: () => number;
}

/**
 * Decides what announces the end of a response: what the step asks for; by default a webhook where a gateway receives
 * them, and the watcher for a while after an end that no webhook had announced. The watcher also has what cannot be
 * followed, and keeps it.
 */
export function chooseAnnouncer({ watcher, follower, webhooks, now = Date.now }: Announcers): Announcer {
  let distrustedUntil = 0;
  return {
    watch(wait, leastMs) {
      const { wait: mode = 'auto' } = wait.input;
      const trusted = webhooks && now() >= distrustedUntil;
      if (mode === 'webhook' || (mode === 'auto' && trusted)) return 'webhook';
      const followed = mode === 'stream' && !watcher.watches(wait.input.responseId) && follower.follow(wait);
      if (!followed) watcher.watch(wait, leastMs);
      return 'watcher';
    },
    watches: (responseId) => watcher.watches(responseId),
    missed({ input }) {
      const { wait: mode = 'auto' } = input;
      if (webhooks && (mode === 'auto' || mode === 'webhook') && now() >= distrustedUntil)
        distrustedUntil = now() + DISTRUST_MS;
    },
  };
}
