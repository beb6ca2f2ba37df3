import type OpenAI from 'openai';

/** Where an emulator is. */
export interface Place {
  emulator: { url: string };
}

/** An event of a stream; its fields beyond the common ones differ by type. */
export interface Event {
  type: string;
  sequence_number: number;
  response?: OpenAI.Responses.Response;
  [field: string]: unknown;
}

/** What a server answered to a request for a stream. */
export interface RawStream {
  status: number;
  contentType: string | null;
  text: string;
}

/** Sends a request as plain HTTP and waits for the end of the answer; with a body it is a POST. */
export async function readRaw(rig: Place, path: string, body?: object): Promise<RawStream> {
  const response = await open(rig, path, body);
  const contentType = response.headers.get('content-type');
  return { status: response.status, contentType, text: await response.text() };
}

/** The same, as soon as the headers are there. */
export function open(rig: Place, path: string, body?: object, signal?: AbortSignal): Promise<globalThis.Response> {
  return fetch(rig.emulator.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
}

/** The events in a text of server-sent events. Throws where a frame is not of the API's form. */
export function eventsOf(text: string): Event[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => {
      const [, name, json = ''] = /^event: (\S+)\ndata: (\{.*\})$/.exec(frame) ?? [];
      const event = JSON.parse(json) as Event;
      if (event.type !== name) throw new Error(`The frame of a ${event.type} event is named ${name}.`);
      return event;
    });
}

/** Every event of a response made for this, in the background unless the body says otherwise. */
export async function streamOf(rig: Place, body: object): Promise<Event[]> {
  const { text } = await readRaw(rig, '/responses', { model: 'gpt-4.1', background: true, stream: true, ...body });
  return eventsOf(text);
}

/** The id of the response that a stream is about. */
export function idOf(events: readonly Event[]): string {
  return events[0]?.response?.id ?? '';
}

/** Types in order, each run of the same type once. */
export function shape(events: readonly Event[]): string[] {
  const types = events.map(({ type }) => type);
  return types.filter((type, index) => type !== types[index - 1]);
}

/** Moves the emulator's clock forward. */
export async function advance(rig: Place, seconds: number): Promise<void> {
  const response = await fetch(new URL('/emulator/clock', rig.emulator.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ advance_seconds: seconds }),
  });
  if (!response.ok) throw new Error(`The clock was not moved: ${await response.text()}`);
}
