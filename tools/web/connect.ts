import type dns from 'node:dns';
import net from 'node:net';
import tls from 'node:tls';
import { type AddressGuard } from './address-guard';

/** Thrown when a URL leads to an address that may not be fetched. Says nothing of the address. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
}

/** How to connect, and to what. */
export interface ConnectOptions {
  guard: AddressGuard;
  /** Resolves host names. */
  lookup: typeof dns.lookup;
  signal: AbortSignal;
}

/**
 * A connection of its own for one request. The guard judges the addresses that the socket is given to connect to, after
 * the name is resolved, and the one that it got before a byte is written: no second resolving, and no connection kept
 * from before, can come between.
 */
export async function connectGuarded(url: URL, options: ConnectOptions): Promise<net.Socket> {
  const host = hostOf(url);
  const { guard, signal } = options;
  // An address in the URL itself is never looked up.
  if (net.isIP(host) && !guard.permits(host, host)) throw new AddressRefusedError();
  const secure = url.protocol === 'https:';
  const port = Number(url.port || (secure ? 443 : 80));
  const socket = net.connect({ host, port, lookup: guardedLookup(host, options), signal });
  await opened(socket, 'connect');
  if (!guard.permits(host, socket.remoteAddress ?? '')) {
    socket.destroy();
    throw new AddressRefusedError();
  }
  if (!secure) return socket;
  const servername = net.isIP(host) ? '' : host;
  const encrypted = tls.connect({ socket, host, servername, ALPNProtocols: ['http/1.1'] });
  signal.addEventListener('abort', () => encrypted.destroy(), { once: true });
  await opened(encrypted, 'secureConnect');
  return encrypted;
}

/** The host of a URL as it is resolved: an IPv6 address without its brackets. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function opened(socket: net.Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve);
    // Stays: between here and the request that takes the socket over, an error would have no listener.
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
}

function guardedLookup(host: string, { guard, lookup }: ConnectOptions): net.LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const permitted = addresses.filter(({ address }) => guard.permits(host, address));
      const [first] = permitted;
      if (!first) return callback(new AddressRefusedError(), []);
      if (options.all) callback(null, permitted);
      else callback(null, first.address, first.family);
    });
  };
}
