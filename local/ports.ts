import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

/** The address that everything embedded listens on. */
export const LOOPBACK = '127.0.0.1';

/**
 * A port that was free a moment ago. One connection is made and closed from the listening side: while it lingers in
 * TIME_WAIT (a minute) the system gives the port to nobody else who asks for any free one, yet it can be bound by number.
 */
export async function freePort(): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, LOOPBACK);
  client.resume();
  await once(client, 'close');
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether the port can be bound on the loopback address now. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = new Promise<boolean>((resolve) => {
    server.once('listening', () => resolve(true));
    server.once('error', () => resolve(false));
  });
  server.listen(port, LOOPBACK);
  if (!(await free)) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** Whether something accepts connections at the port now. */
export async function isListening(port: number, host: string = LOOPBACK): Promise<boolean> {
  const socket = connect({ port, host, timeout: 2_000 });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('timeout', () => resolve(false));
      socket.once('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
