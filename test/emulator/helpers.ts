import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import OpenAI from 'openai';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../emulator';

export type Response = OpenAI.Responses.Response;

/** A running emulator with the official SDK as its client. */
export interface Rig {
  emulator: Emulator;
  client: OpenAI;
  dataDir: string;
  stop: () => Promise<void>;
}

export function clientFor(baseURL: string): OpenAI {
  return new OpenAI({ baseURL, apiKey: 'test', maxRetries: 0 });
}

/** Starts an emulator on a free port in a folder of its own; responses take 0.2 s unless options say otherwise. */
export async function startRig(options: Partial<EmulatorOptions> = {}): Promise<Rig> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(os.tmpdir(), 'emulator-')));
  const emulator = await startEmulator({ seconds: 0.2, ...options, dataDir });
  const stop = async (): Promise<void> => {
    await emulator.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { emulator, client: clientFor(emulator.url), dataDir, stop };
}

/** Polls until the response has ended. */
export async function untilEnded(client: OpenAI, id: string): Promise<Response> {
  for (;;) {
    const response = await client.responses.retrieve(id);
    if (response.status !== 'queued' && response.status !== 'in_progress') return response;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Calls a route of `/emulator/` and returns its JSON. */
export async function admin(
  emulator: Pick<Emulator, 'url'>,
  call: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const [method, route = ''] = call.split(' ');
  const sent =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await fetch(new URL(route, emulator.url), { method: method ?? 'GET', ...sent });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** Metadata of a response that is still open whenever a test looks, until the clock is moved by ten minutes. */
export const TEN_MINUTES = { emulator_seconds: '600' };

/** Sends a request to the API by hand and returns its status and JSON, whatever they are. */
export async function api(
  emulator: Emulator,
  call: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const [method = 'GET', route = ''] = call.split(' ');
  const answer = await fetch(emulator.url + route, {
    method,
    headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** The error of a request that is refused, with its status. */
export async function refusalOf(emulator: Emulator, call: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await api(emulator, call, body);
  if (answer.status < 400) throw new Error(`${call} was not refused: ${JSON.stringify(answer.body)}`);
  return { status: answer.status, ...(answer.body['error'] as object) };
}

/** Moves the emulator's clock forward. */
export async function advance(emulator: Pick<Emulator, 'url'>, seconds: number): Promise<void> {
  const { status } = await admin(emulator, 'POST /emulator/clock', { advance_seconds: seconds });
  if (status !== 200) throw new Error(`the emulator answered ${status} to a change of its clock`);
}

type CreateParams = OpenAI.Responses.ResponseCreateParamsNonStreaming;

/** Creates a background response and waits for its end. */
export async function run(client: OpenAI, params: Partial<CreateParams>): Promise<Response> {
  const created = await client.responses.create({ model: 'gpt-4.1', background: true, ...params });
  return untilEnded(client, created.id);
}
