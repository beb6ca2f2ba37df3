import http from 'node:http';
import https from 'node:https';

/**
 * Sends one POST and resolves with the status of its answer; redirects are not followed. Rejects when no answer comes
 * in time, with the system's error when the connection fails, and when `signal` aborts.
 */
export function postWebhook(
  url: string,
  {
    headers,
    body,
    timeoutMs,
    signal,
  }: { headers: Record<string, string>; body: string; timeoutMs: number; signal: AbortSignal },
): Promise<number> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const { request } = url.startsWith('https:') ? https : http;
    const length = String(Buffer.byteLength(body));
    // A connection of its own: one that was kept may be closed by the other side at the very moment it is used again.
    const call = request(url, { method: 'POST', agent: false, headers: { ...headers, 'content-length': length } });
    const stop = (): void => void call.destroy(new Error('The emulator is stopping.'));
    const timer = setTimeout(() => call.destroy(new Error(`No answer within ${timeoutMs / 1000} s.`)), timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    call.once('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    });
    call.on('error', reject);
    call.once('response', (response) => {
      // Its body says nothing; an error while it comes changes nothing once the status is known.
      response.once('error', reject).resume();
      resolve(response.statusCode ?? 0);
    });
    call.end(body);
  });
}
