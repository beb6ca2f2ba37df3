import { startGateway } from '../../gateway';
import { openAnnouncement } from '../../worker';
import { tellReady, tellUsage } from './usage';

/** The gateway as `durable-research gateway` runs it, on the port that is its argument. */
async function main(): Promise<void> {
  tellUsage();
  const announcement = await openAnnouncement(process.env);
  const { url } = await startGateway({
    port: Number(process.argv[2]),
    host: '127.0.0.1',
    secrets: announcement.secrets,
    announce: (id) => announcement.announce(id),
    report: ({ error, responseId }) => {
      if (error instanceof Error) process.stderr.write(`${responseId}: ${error.message}\n`);
    },
  });
  tellReady({ url });
}

void main();
