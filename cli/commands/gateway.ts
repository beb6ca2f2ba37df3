import { startGateway, type WebhookReport } from '../../gateway';
import { openAnnouncement } from '../../worker';
import { messageOf } from '../errors';
import { EXIT } from '../exit-codes';
import { note, print } from '../terminal';
import { toPort } from '../to-port';
import { untilToldToEnd } from '../until-told';

/** Options of `durable-research gateway`. */
export interface GatewayOptions {
  port: string;
  host: string;
}

/** Receives the provider's webhooks in this terminal until SIGINT or SIGTERM. Returns the exit code. */
export async function gateway({ port, host }: GatewayOptions): Promise<number> {
  const announcement = await openAnnouncement(process.env);
  const { secrets, origin, address, namespace } = announcement;
  try {
    const running = await startGateway({
      port: toPort(port),
      host,
      secrets,
      announce: (id) => announcement.announce(id),
      report,
    });
    print(running.url);
    note(`Gateway for webhooks of ${origin}; tells the runs of namespace "${namespace}" at ${address}.`);
    await untilToldToEnd();
    if (!(await running.close())) note('Ended with webhooks under way; the waits that they are for look by themselves.');
  } finally {
    await announcement.close();
  }
  return EXIT.completed;
}

/** One line of JSON a webhook. */
function report({ error, ...told }: WebhookReport): void {
  const problem = error === undefined ? {} : { error: messageOf(error) };
  note(JSON.stringify({ at: new Date().toISOString(), ...told, ...problem }));
}
