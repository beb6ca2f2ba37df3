import { type Usage } from '../processes';

/**
 * Counts the retrieves of this process by response, and tells the bench of them and of the memory when it asks. Call it
 * before any client of the provider is made.
 */
export function tellUsage(): void {
  const retrieves: Record<string, number> = {};
  const send = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const id = (init?.method ?? 'GET').toUpperCase() === 'GET' ? /\/responses\/([^/?]+)/.exec(url)?.[1] : undefined;
    if (id !== undefined) retrieves[id] = (retrieves[id] ?? 0) + 1;
    return send(input, init);
  };
  process.on('message', () => {
    // Twice: what the first one finds unreachable may hold on to more.
    globalThis.gc?.();
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const usage: Usage = { retrieves, residentMb: rss / 2 ** 20, heapMb: heapUsed / 2 ** 20 };
    process.send?.(usage);
  });
  // Nothing of the bench outlives it.
  process.once('disconnect', () => process.exit(0));
}

/** Says that the program is at work. */
export function tellReady(ready: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}
