import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { adminRoutes } from './admin';
import { builtInCorpusDir, loadCorpus } from './answer/corpus';
import { Library } from './answer/library';
import { Clock } from './clock';
import { conversationRoutes } from './conversations/routes';
import type { Deps } from './deps';
import { errorCode } from './error-code';
import { faultRoutes } from './faults/admin';
import { FaultBook } from './faults/book';
import { faultHooks } from './faults/hooks';
import { fileRoutes } from './files/routes';
import { LibraryCache } from './files/search';
import { vectorStoreFileRoutes } from './files/vector-store-files';
import { vectorStoreRoutes } from './files/vector-stores';
import { createServer } from './http/server';
import { limitHooks } from './limits/hooks';
import { RateLimits } from './limits/limits';
import { modelRoutes } from './models';
import { resolveOptions, type EmulatorOptions } from './options';
import { Jobs } from './responses/jobs';
import { responseRoutes } from './responses/routes';
import { keepSweeping } from './responses/sweep';
import { scriptRoutes } from './script/admin';
import { ScriptBook } from './script/book';
import type { ScriptControl } from './script/control';
import { resumeWork } from './responses/work';
import { Store } from './state';
import { webhookRoutes } from './webhooks/routes';
import { WebhookSender } from './webhooks/sender';

export type { ScriptControl, ScriptReport } from './script/control';
export type { ScriptInput } from './script/schema';
export { emulatorFlagsHelp, parseEmulatorFlags, type EmulatorOptions } from './options';

/** The API's own limit for one file. */
const UPLOAD_LIMIT_BYTES = 512 * 1024 * 1024;

/** A running emulator. */
export interface Emulator {
  /** Base URL for an OpenAI client: `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  readonly port: number;
  /** Identifies the data folder; stays the same over restarts. */
  readonly instanceId: string;
  /** The creates that a test expects, and whether they came. */
  readonly script: ScriptControl;
  /** Stops listening, cuts open connections and closes the data folder. */
  close(): Promise<void>;
}

/**
 * Starts a server that speaks the OpenAI Responses API and answers from texts, without a language model.
 * Throws when an option is wrong, the port is taken, the corpus cannot be read or the data folder is in use.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const resolved = resolveOptions(options);
  await mkdir(resolved.dataDir, { recursive: true });
  const corpus = new Library(await loadCorpus(resolved.corpusDir ?? builtInCorpusDir()));
  const store = await Store.open(resolved.dataDir);
  try {
    const clock = new Clock(resolved.speed, await store.readClockOffset());
    const faults = await FaultBook.open(store, resolved.faults);
    const limits = new RateLimits(clock, { requests: resolved.rpm, tokens: resolved.tpm });
    const script = await ScriptBook.open(store, resolved.script);
    const libraries = new LibraryCache();
    const jobs = new Jobs();
    const deps: Deps = { options: resolved, clock, store, faults, script, corpus, libraries, limits, jobs };
    const app = await buildApp(deps);
    const port = await listen(app, resolved.host, resolved.port);
    const sender = new WebhookSender(deps);
    sender.start();
    const stop = new AbortController();
    const sweeping = keepSweeping(deps, stop.signal);
    await resumeWork(deps);
    const close = async (): Promise<void> => {
      stop.abort();
      await app.close();
      await jobs.close();
      await sender.stop();
      await sweeping;
      await store.close();
    };
    const url = `http://${urlHost(resolved.host)}:${port}/v1`;
    return { url, port, instanceId: store.instanceId, script, close };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function buildApp(deps: Deps): Promise<FastifyInstance> {
  const app = createServer(deps.options.apiKey);
  // The API's clients send names with folders, and citations show them: keep them whole.
  await app.register(multipart, { preservePath: true, limits: { fileSize: UPLOAD_LIMIT_BYTES, files: 1, fields: 20 } });
  // Before the faults, which count only what the limits let through.
  limitHooks(app, deps);
  faultHooks(app, deps);
  for (const prefix of ['/v1', '']) {
    await app.register(
      async (scope) => {
        responseRoutes(scope, deps);
        conversationRoutes(scope, deps);
        fileRoutes(scope, deps);
        modelRoutes(scope, deps);
        vectorStoreRoutes(scope, deps);
        // A scope of its own, because its answers alone carry a polling header.
        await scope.register(async (inner) => vectorStoreFileRoutes(inner, deps));
      },
      { prefix },
    );
  }
  adminRoutes(app, deps);
  faultRoutes(app, deps);
  webhookRoutes(app, deps);
  scriptRoutes(app, deps);
  return app;
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    if (errorCode(error) === 'EADDRINUSE') {
      throw new Error(`Port ${port} on ${host} is taken; choose another with --port (option port), 0 for any.`, {
        cause: error,
      });
    }
    throw error;
  }
  return (app.server.address() as AddressInfo).port;
}

function urlHost(host: string): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host;
  return reachable.includes(':') ? `[${reachable}]` : reachable;
}
