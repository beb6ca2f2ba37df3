import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Emulator } from '../../emulator';
import { admin } from './helpers';

/** One webhook as it arrived. */
export interface Received {
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** What a receiver answers to the n-th request, from 0; `null`: nothing at all. */
type Answer = (n: number) => number | null;

/** A receiver of webhooks. */
export interface Receiver {
  url: string;
  received: Received[];
  /** Waits until `count` webhooks have arrived in all. */
  until: (count: number) => Promise<Received[]>;
  stop: () => Promise<void>;
}

/** Starts a receiver that answers every webhook with 200, or as `answer` says. */
export async function startReceiver(answer: Answer = () => 200): Promise<Receiver> {
  const received: Received[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const status = answer(received.length);
      received.push({ headers: request.headers, body });
      if (status !== null) response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('thanks');
      server.emit('received');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const until = async (count: number): Promise<Received[]> => {
    while (received.length < count) await once(server, 'received');
    return received;
  };
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received, until, stop };
}

/** A delivery as the admin API shows it. */
export interface Delivery {
  webhook_id: string;
  event_id: string;
  type: string;
  response_id: string;
  endpoint_id: string;
  url: string;
  state: 'pending' | 'delivered' | 'given_up' | 'lost';
  next_attempt_at: number | null;
  attempts: { at: number; status: number | null; error: string | null }[];
}

/** Waits until the deliveries that the admin API lists are as `wanted` says. */
export async function untilDeliveries(
  { emulator }: { emulator: Pick<Emulator, 'url'> },
  wanted: (deliveries: Delivery[]) => boolean,
  query = '',
): Promise<Delivery[]> {
  for (;;) {
    const { data } = (await admin(emulator, `GET /emulator/deliveries${query}`)).body as unknown as {
      data: Delivery[];
    };
    if (wanted(data)) return data;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
