import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** The address that everything embedded listens on. */
export const LOOPBACK = '127.0.0.1';

/**
 * Ports for servers whose addresses must last. Linux gives outgoing connections and listeners on port 0 ports from 32768
 * on (`net.ipv4.ip_local_port_range`), macOS and Windows from 49152 on: below, nobody is given the port of a service that
 * was killed and is about to return to it.
 */
const LOWEST_PORT = 10_000;
const HIGHEST_PORT = 32_767;

const ATTEMPTS = 100;

/**
 * A port that was free a moment ago: the wanted one if it can be had, else any that the system gives to nobody by itself.
 * Throws when none can be bound, as without a loopback interface.
 */
export async function choosePort(wanted?: number): Promise<number> {
  let port = wanted ?? anyPort();
  for (let attempt = 1; !(await isPortFree(port)); attempt++) {
    if (attempt >= ATTEMPTS)
      throw new Error(`None of ${ATTEMPTS} ports can be listened on at ${LOOPBACK}, lastly ${port}.`);
    port = anyPort();
  }
  return port;
}

function anyPort(): number {
  return LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT + 1));
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
