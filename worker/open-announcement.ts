import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { dataConverterOf } from '../codec';
import { createProvider } from '../openai';
import { type Announced, announceEnds } from './announce-ends';
import { ConfigurationError, readWorkerConfig } from './config';
import { createStore } from './create-worker';

/** What a gateway needs of the engine. Close it when the gateway has ended. */
export interface Announcement {
  /** Tells the run of a response that it has ended. */
  announce(responseId: string): Promise<Announced>;
  /** Of the provider's webhooks. Must never be printed. */
  secrets: readonly string[];
  origin: string;
  address: string;
  namespace: string;
  close(): Promise<void>;
}

/**
 * Opens what a gateway tells runs with, configured by the environment as a worker is.
 * @throws ConfigurationError when a setting is missing or the Temporal server cannot be reached.
 */
export async function openAnnouncement(env: NodeJS.ProcessEnv): Promise<Announcement> {
  const config = readWorkerConfig(env);
  if (config.webhookSecrets.length === 0) {
    throw new ConfigurationError(
      'OPENAI_WEBHOOK_SECRET is not set. Set it to the secret of the provider\'s webhook endpoint ("whsec_…"), at the workers too; two secrets, separated by a space, while one is replaced',
    );
  }
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = connectionOptions.address ?? '127.0.0.1:7233';
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' }).catch(
    (error: unknown) => {
      throw new ConfigurationError(
        `Temporal cannot be reached at ${address}; start a server there or set TEMPORAL_ADDRESS`,
        {
          cause: error,
        },
      );
    },
  );
  const provider = createProvider(config.provider);
  const client = new Client({ connection, namespace, dataConverter: dataConverterOf(config.encryptionKeys) });
  return {
    announce: announceEnds(client, { provider, store: createStore(config) }),
    secrets: config.webhookSecrets,
    origin: provider.origin,
    address,
    namespace,
    close: () => connection.close(),
  };
}
