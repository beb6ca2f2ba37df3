import { object, string } from 'zod';

/**
 * Loads zod once for each thread of workflows, where a bundler has this file as one of its `preloadModules`: loading it
 * for each run, as it is done with other modules, took 13 ms and 0.8 MB a run. What is preloaded is frozen, and the
 * first schemas complete zod's configuration; so they are made here. Our own schemas change when they are first used,
 * and cannot be preloaded.
 */
export const first = object({ text: string() });
