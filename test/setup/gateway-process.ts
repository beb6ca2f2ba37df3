import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { required } from './harness';

/** A gateway in a process of its own, as `npm run build` made it. */
export interface GatewayProcess {
  /** Where it takes webhooks. */
  url: string;
  /** What it wrote to standard error, line by line. */
  log: string[];
  stop(): Promise<void>;
}

/** Resolves when the gateway listens. */
export async function startGatewayProcess(env: NodeJS.ProcessEnv): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [join(__dirname, '../../dist/cli/main.js'), 'gateway', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      OPENAI_API_KEY: 'test',
      TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'),
      ...env,
    },
  });
  const log: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const ended = once(child, 'exit');
  const [url] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])) as [unknown];
  if (typeof url !== 'string') throw new Error(`the gateway ended: ${log.join('\n')}`);
  return {
    url,
    log,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
