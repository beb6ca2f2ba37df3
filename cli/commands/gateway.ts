import { startGateway, type WebhookReport } from '../../gateway';
import { countWebhook, installRuntime, openAnnouncement } from '../../worker';
import { messageOf } from '../errors';
import { EXIT } from '../exit-codes';
import { print } from '../terminal';
import { toPort } from '../to-port';
import { untilToldToEnd } from '../until-told';

/** Options of `durable-research gateway`. */
export interface GatewayOptions {
  port: string;
  host: string;
}

/** Receives the provider's webhooks in this terminal until SIGINT or SIGTERM. Returns the exit code. */
export async function gateway({ port, host }: GatewayOptions): Promise<number> {
  const log = installRuntime(process.env);
  // Listened for from here on: Temporal's runtime takes the first signal, and would swallow one that comes meanwhile.
  const told = untilToldToEnd();
  const announcement = await openAnnouncement(process.env);
  const { secrets, origin, address, namespace } = announcement;
  try {
    const running = await startGateway({
      port: toPort(port),
      host,
      secrets,
      announce: (id) => announcement.announce(id),
      report: (webhook) => report(log, webhook),
    });
    print(running.url);
    log.info('gateway takes webhooks', { url: running.url, origin, address, namespace });
    await told;
    if (await running.close()) return EXIT.completed;
    log.warn('ended with webhooks under way; the waits that they are for look by themselves');
    return EXIT.failed;
  } finally {
    await announcement.close();
  }
}

/** One line a webhook, with its outcome and its ids. */
function report(log: ReturnType<typeof installRuntime>, { error, ...told }: WebhookReport): void {
  countWebhook(told);
  const level = told.outcome === 'failed' || told.outcome === 'refused' ? 'warn' : 'info';
  log[level]('webhook', { ...told, ...(error !== undefined && { reason: messageOf(error) }) });
}
