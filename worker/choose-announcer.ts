import { type Announcer } from '../activities';
import { type Watcher } from './watcher';

/** How long a worker watches by itself after it found that webhooks do not arrive. */
const DISTRUST_MS = 600_000;

/**
 * Decides what announces the end of a response: what the step asks for; by default a webhook where a gateway receives
 * them, and the watcher for a while after an end that no webhook had announced.
 * @param webhooks Whether the provider's webhooks are configured.
 */
export function chooseAnnouncer(watcher: Pick<Watcher, 'watch'>, webhooks: boolean, now = Date.now): Announcer {
  let distrustedUntil = 0;
  return {
    watch(wait) {
      const { wait: mode = 'auto' } = wait.input;
      const trusted = webhooks && now() >= distrustedUntil;
      if (mode === 'webhook' || (mode === 'auto' && trusted)) return 'webhook';
      watcher.watch(wait);
      return 'watcher';
    },
    missed({ input }) {
      if (webhooks && input.wait !== 'watch' && now() >= distrustedUntil) distrustedUntil = now() + DISTRUST_MS;
    },
  };
}
