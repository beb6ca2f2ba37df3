import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect, type ResearchClient } from '../../client';
import { decodeFirst } from '../../codec';
import { startTemporalServer, type TemporalServer } from '../../local';
import { required, until } from '../setup/harness';

/** Real processes, a database file, and a value of its own for each secret: afterwards none of them is anywhere. */
const DIST = join(__dirname, '../../dist');
const random = (): string => randomBytes(24).toString('base64');
const KEY = randomBytes(32).toString('base64');
const SECRETS = {
  OPENAI_API_KEY: `acme_${randomUUID()}`,
  OPENAI_WEBHOOK_SECRET: random(),
  DURABLE_RESEARCH_NOTIFY_SECRET: random(),
  DURABLE_RESEARCH_ENCRYPTION_KEYS: KEY,
  DURABLE_RESEARCH_CODEC_TOKEN: `token-${randomUUID()}`,
  basePassword: `password-${randomUUID()}`,
  mcpAuthorization: `mcp-${randomUUID()}`,
  wrongKey: randomBytes(31).toString('base64'),
};
const folder = mkdtempSync(join(tmpdir(), 'durable-research-secrets-'));
const children: ChildProcess[] = [];
/** What all processes and errors have said. */
let said = '';
let temporal: TemporalServer;
let provider: Server;
let receiver: Server;

/** Starts a compiled process; its first line on standard output says that it is ready. */
async function start(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const clean = Object.entries(process.env).filter(([name]) => !/^(TEMPORAL|OPENAI|DURABLE_RESEARCH)_/.test(name));
  const child = spawn(process.execPath, [join(DIST, program), ...args], {
    cwd: folder,
    env: { ...Object.fromEntries(clean), ...env },
  });
  children.push(child);
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => (said += `${line}\n`));
  const first = once(lines, 'line') as Promise<[string]>;
  const [line] = await Promise.race([first, once(child, 'close').then(() => [''])]);
  return line ?? '';
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Before the emulator: a provider that refuses some creates, and tells the key that it got. */
function echoing(target: () => string): Server {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { authorization = '' } = request.headers;
    const status = Number(/"step_id":"echo(\d+)"/.exec(body.toString())?.[1]);
    if (status) {
      const message = `Incorrect API key provided: ${authorization.replace('Bearer ', '')} (${authorization})`;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', code: null, param: null } }));
      return;
    }
    const answered = await fetch(new URL(request.url ?? '/', target()), {
      method: request.method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body.length > 0 && { body }),
    });
    response.writeHead(answered.status, { 'content-type': 'application/json' });
    response.end(await answered.text());
  };
  return createServer((request, response) => void answer(request, response));
}

function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile());
}

/** A secret as it is, without its padding, and as it would stand inside of base64. */
function formsOf(secret: string): string[] {
  const encoded = Buffer.from(secret).toString('base64');
  return [secret, secret.replace(/=+$/, ''), encoded.replace(/=+$/, '').slice(0, -1)];
}

function found(text: string): string[] {
  return Object.entries(SECRETS).flatMap(([name, secret]) =>
    formsOf(secret).some((form) => text.includes(form)) ? [name] : [],
  );
}

async function decodedHistory({ client }: ResearchClient, workflowId: string): Promise<string> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const values = (events ?? []).map(async (event) => {
    const { workflowExecutionStartedEventAttributes: begun, activityTaskScheduledEventAttributes: asked } = event;
    const { activityTaskCompletedEventAttributes: done, workflowExecutionCompletedEventAttributes: ended } = event;
    const payloads = begun?.input ?? asked?.input ?? done?.result ?? ended?.result;
    return decodeFirst(client.options.loadedDataConverter, payloads);
  });
  return JSON.stringify(await Promise.all(values));
}

beforeAll(async () => {
  temporal = await startTemporalServer({
    executable: required('TEST_TEMPORAL_CLI'),
    dbFile: join(folder, 'temporal.db'),
    headless: true,
    namespace: 'plain',
    onLogLine: (line) => (said += `${line}\n`),
  });
});
afterAll(async () => {
  await Promise.all(children.map(stop));
  await temporal.stop();
  provider.closeAllConnections();
  provider.close();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

test('no secret is in histories, logs, errors or files, and encrypted words are in no database', async () => {
  let emulatorUrl = '';
  provider = echoing(() => emulatorUrl);
  let notified = 0;
  receiver = createServer((_request, response) => {
    notified += 1;
    response.end();
  });
  const env = {
    TEMPORAL_ADDRESS: temporal.address,
    OPENAI_BASE_URL: `${await listen(provider)}/v1`,
    DURABLE_RESEARCH_ORIGIN: 'emulator:secrets',
    DURABLE_RESEARCH_HOME: join(folder, 'home'),
    DURABLE_RESEARCH_NOTIFY_URL: await listen(receiver),
    OPENAI_API_KEY: SECRETS.OPENAI_API_KEY,
    OPENAI_WEBHOOK_SECRET: SECRETS.OPENAI_WEBHOOK_SECRET,
    DURABLE_RESEARCH_NOTIFY_SECRET: SECRETS.DURABLE_RESEARCH_NOTIFY_SECRET,
    DURABLE_RESEARCH_CODEC_TOKEN: SECRETS.DURABLE_RESEARCH_CODEC_TOKEN,
    DURABLE_RESEARCH_ENCRYPTION_KEYS: `mine:${KEY}`,
  };
  // In a namespace of its own: the gateway encrypts what it tells the runs of its own.
  const plain = { ...env, DURABLE_RESEARCH_ENCRYPTION_KEYS: '', TEMPORAL_NAMESPACE: 'plain' };
  const [gateway, codecServer] = await Promise.all([
    start('cli/main.js', ['gateway', '--port', '0'], env),
    start('cli/main.js', ['codec-server', '--port', '0'], env),
    start('worker/main.js', [], env),
    start('worker/main.js', [], plain),
    // Those that cannot start, and say why.
    start('worker/main.js', [], { ...env, DURABLE_RESEARCH_ENCRYPTION_KEYS: `bad:${SECRETS.wrongKey}` }),
    start('worker/main.js', [], { ...env, OPENAI_BASE_URL: `http://user:${SECRETS.basePassword}@127.0.0.1:9/v1` }),
  ]);
  const flags = ['--port', '0', '--seconds', '0.3', '--data', join(folder, 'emulator'), '--webhook-url', gateway];
  const ready = await start('emulator/main.js', flags, { OPENAI_WEBHOOK_SECRET: SECRETS.OPENAI_WEBHOOK_SECRET });
  emulatorUrl = (JSON.parse(ready) as { url: string }).url;
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${SECRETS.OPENAI_API_KEY}` };
  for (const refused of [gateway, `${codecServer}/decode`])
    said += await (await fetch(refused, { method: 'POST', headers, body: '{"payloads":[]}' })).text();

  const research = await connect({ address: temporal.address, encryptionKeys: `mine:${KEY}` });
  const others = await connect({ address: temporal.address, encryptionKeys: '', namespace: 'plain' });
  const echoes = [401, 403, 400].map((status) => ({ id: `echo${status}`, prompt: 'x', after: [] }));
  const run = await research.start({ steps: [{ id: 'a', prompt: 'Explain Zanzibar.' }, ...echoes] });
  const control = await others.start({ steps: [{ id: 'a', prompt: 'Explain Timbuktu.' }] });
  const result = await run.result();
  expect(result.steps).toMatchObject({ a: { outcome: 'completed' }, echo401: { outcome: 'failed' } });
  expect(result.text).toContain('Zanzibar');
  expect((await control.result()).text).toContain('Timbuktu');
  const tools = [{ type: 'mcp' as const, authorization: SECRETS.mcpAuthorization, require_approval: 'never' }];
  said += String(await research.start({ steps: [{ id: 'a', prompt: 'b', tools }] }).catch((error: unknown) => error));
  said += JSON.stringify([result, await run.progress(), await run.ledger()]);
  const histories = await Promise.all([
    decodedHistory(research, run.workflowId),
    decodedHistory(others, control.workflowId),
  ]);
  await until('the receiver is told', async () => notified >= 2);
  await Promise.all([research.client.connection.close(), others.client.connection.close()]);
  await Promise.all(children.map(stop));
  await temporal.stop();

  expect(histories.join()).toMatch(/Zanzibar.*Timbuktu/);
  expect(said).toMatch(/"bad" is not usable/);
  expect(said).toMatch(/OPENAI_BASE_URL/);
  expect(found(said)).toEqual([]);
  expect(found(histories.join())).toEqual([]);
  const files = filesOf(folder);
  expect(files.length).toBeGreaterThan(5);
  const leaks = files.flatMap((file) => found(readFileSync(file, 'latin1')).map((name) => `${name} in ${file}`));
  expect(leaks).toEqual([]);
  const databases = files.filter((file) => file.includes('temporal.db')).map((file) => readFileSync(file, 'latin1'));
  expect(databases.some((text) => text.includes('Timbuktu'))).toBe(true);
  expect(databases.some((text) => text.includes('Zanzibar'))).toBe(false);
}, 120_000);
