import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ResearchClient } from '../../../client';
import { findTemporal } from '../../../local';
import { choosePort } from '../../../local/ports';
import { until } from '../../setup/harness';
import { EmulatorAdmin } from './emulator-admin';
import { type Kind, launchProgram, launchTemporal, Part } from './part';

const SECRET = 'whsec_c2VjcmV0IG9mIHRlc3Rz';
const TASK_QUEUE = 'crash';

export interface StackOptions {
  /** Further flags of the emulator. */
  emulator: readonly string[];
}

/** Everything that a fleet consists of, each a process of its own: two workers, two gateways, emulator and Temporal server. */
export interface Stack {
  /** Of data and logs. */
  folder: string;
  parts: readonly Part[];
  research: ResearchClient;
  emulator: EmulatorAdmin;
  /** For what is run beside it against the same provider. */
  env: NodeJS.ProcessEnv;
  /** Until everything is up again. */
  whole(): Promise<void>;
  /** Ends everything. What it has written stays, where it is to be read. */
  stop(options: { keepFolder: boolean }): Promise<void>;
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'durable-research-storm-'));
  await mkdir(join(folder, 'home'));
  const [temporalPort = 0, emulatorPort = 0, ...gatewayPorts] = await freePorts(4);
  const address = `127.0.0.1:${temporalPort}`;
  const env = environment({ address, home: join(folder, 'home'), baseUrl: `http://127.0.0.1:${emulatorPort}/v1` });
  const program = (kind: Kind, name: string, args: readonly string[]): Part =>
    new Part(kind, name, () => launchProgram(args, { env, logFile: join(folder, `${name}.log`) }));

  const temporal = await temporalPart(folder, temporalPort);
  const emulatorArgs = ['--port', String(emulatorPort), '--data', join(folder, 'emulator'), ...options.emulator];
  const provider = program('emulator', 'emulator', ['emulator/main.js', ...emulatorArgs]);
  await Promise.all([temporal.start(), provider.start()]);
  const parts = [
    temporal,
    provider,
    ...[1, 2].map((n) => program('worker', `worker-${n}`, ['worker/main.js'])),
    ...gatewayPorts.map((port) =>
      program('gateway', `gateway-${port}`, ['cli/main.js', 'gateway', '--port', `${port}`]),
    ),
  ];
  await Promise.all(parts.filter(({ isUp }) => !isUp).map((part) => part.start()));
  const emulator = new EmulatorAdmin(`http://127.0.0.1:${emulatorPort}`);
  // Both are told of every end, as two endpoints registered at the provider would be.
  for (const port of gatewayPorts) await emulator.addWebhook(`http://127.0.0.1:${port}/webhooks/openai`, SECRET);
  const research = await connect({ address, taskQueue: TASK_QUEUE });
  return {
    folder,
    parts,
    research,
    emulator,
    env,
    whole: () => until('every process is up again', async () => parts.every(({ isUp }) => isUp)).then(() => undefined),
    async stop({ keepFolder }) {
      await research.client.connection.close();
      await Promise.all(parts.map((part) => part.remove()));
      if (!keepFolder) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function temporalPart(folder: string, port: number): Promise<Part> {
  const found = await findTemporal({ env: { ...process.env, TEMPORAL_ADDRESS: undefined } });
  if (found.kind !== 'executable') throw new Error('expected a Temporal CLI whose dev server can be started');
  const [dbFile, logFile] = [join(folder, 'temporal.db'), join(folder, 'temporal.log')];
  return new Part('temporal', 'temporal', () => launchTemporal({ executable: found.path, dbFile, port, logFile }));
}

function environment(of: { address: string; home: string; baseUrl: string }): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: of.address,
    TEMPORAL_TASK_QUEUE: TASK_QUEUE,
    OPENAI_API_KEY: 'test',
    OPENAI_BASE_URL: of.baseUrl,
    OPENAI_WEBHOOK_SECRET: SECRET,
    DURABLE_RESEARCH_ORIGIN: 'emulator:storm',
    DURABLE_RESEARCH_HOME: of.home,
    // What a killed worker costs a create, besides five seconds more.
    DURABLE_RESEARCH_CREATE_TIMEOUT: '5s',
  };
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await choosePort());
  return [...ports];
}
