import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Emulator } from '../../emulator';

/** An answer of the emulator about one response. */
export interface HeldAnswer {
  method: string;
  responseId: string | undefined;
  stepId: string | undefined;
}

/** A way to the emulator on which answers can be kept back: what they answer has happened, and nobody knows yet. */
export interface HoldingProxy {
  /** In place of the emulator's own. */
  url: string;
  /** Answers that are kept back now. */
  readonly held: HeldAnswer[];
  /** Responses that were looked at, held answers among them. */
  readonly looked: ReadonlySet<string>;
  /** Lets those go, and keeps nothing back any more. */
  release(): void;
  close(): Promise<void>;
}

/** Keeps back the answers that `holds` chooses, for as long as a test wants; no time decides. */
export async function startHoldingProxy(
  emulator: Pick<Emulator, 'url'>,
  holds: (answer: HeldAnswer) => boolean,
): Promise<HoldingProxy> {
  const held: HeldAnswer[] = [];
  const looked = new Set<string>();
  const gate = new AbortController();
  const forward = async (method: string, path: string, body: Buffer) =>
    fetch(new URL(path, emulator.url), {
      method,
      headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
      body: body.length > 0 ? body : undefined,
    });
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    const relay = async (): Promise<void> => {
      const answer = await forward(method, url, await buffer(request));
      const text = await answer.text();
      const { id, metadata } = JSON.parse(text) as { id?: string; metadata?: Record<string, string> };
      const about = { method, responseId: id, stepId: metadata?.['step_id'] };
      if (method === 'GET' && id !== undefined) looked.add(id);
      if (!gate.signal.aborted && holds(about)) {
        held.push(about);
        await once(gate.signal, 'abort');
      }
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
    };
    relay().catch((error: Error) => response.destroy(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    held,
    looked,
    release: () => gate.abort(),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
