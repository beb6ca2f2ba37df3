import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

/** Where the tools of the fixture have their effects: a server that does once what it is asked twice, by the key. */
export interface Bank {
  url: string;
  /** Tools with the idempotency keys that they were called with, once a request. */
  asked: { name: string; key: string }[];
  /** Runs whose requests are taken, and never answered. */
  held: Set<string>;
  close(): void;
}

export async function startBank(): Promise<Bank> {
  const asked: Bank['asked'] = [];
  const held = new Set<string>();
  const server = createServer((request, response) => {
    const [name = '', key = ''] = [request.url?.slice(1), request.headers['idempotency-key']?.toString()];
    asked.push({ name, key });
    if (!held.has(key.split('/')[0] ?? '')) response.end('done');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    held,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
