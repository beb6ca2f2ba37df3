import { readCodecSettings, startCodecServer } from '../../gateway';
import { UsageError } from '../errors';
import { EXIT } from '../exit-codes';
import { note, print } from '../terminal';
import { toPort } from '../to-port';
import { untilToldToEnd } from '../until-told';

/** Options of `durable-research codec-server`. */
export interface CodecServerOptions {
  port: string;
  host: string;
  /** Browsers' origins that may ask. */
  origin?: string[];
}

/** Decrypts for Temporal's UI and CLI in this terminal until SIGINT or SIGTERM. Returns the exit code. */
export async function codecServer({ port, host, origin: origins = [] }: CodecServerOptions): Promise<number> {
  for (const origin of origins) checkOrigin(origin);
  const settings = readCodecSettings(process.env);
  const running = await startCodecServer({ port: toPort(port), host, origins, ...settings });
  print(running.url);
  note(
    `Codec server${settings.token === undefined ? ', for everybody who reaches it' : ', for those with DURABLE_RESEARCH_CODEC_TOKEN'}. To use it: temporal workflow show --codec-endpoint ${running.url} …`,
  );
  await untilToldToEnd();
  await running.close();
  return EXIT.completed;
}

/** One that no browser sends would allow nobody, and nothing would say why. */
function checkOrigin(text: string): void {
  const origin = URL.canParse(text) ? new URL(text).origin : undefined;
  if (origin === text) return;
  const example = origin === undefined || origin === 'null' ? 'http://localhost:8233' : origin;
  throw new UsageError(`--origin expects scheme, host and port alone, such as ${example}, but got "${text}"`);
}
