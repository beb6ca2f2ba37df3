import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readDataConverter } from '../codec';
import { DEFAULT_TASK_QUEUE } from '../contract/names';
import { ResearchClient } from './research-client';

/** How to connect; what is not given comes from Temporal's standard `TEMPORAL_*` variables and profiles. */
export interface ConnectOptions {
  address?: string;
  namespace?: string;
  /** Default: `TEMPORAL_TASK_QUEUE`, else `durable-research`. */
  taskQueue?: string;
  /** Keys of the payloads, `id:base64` each. Default: `DURABLE_RESEARCH_ENCRYPTION_KEYS`; '' for none. */
  encryptionKeys?: string;
}

/**
 * Connects to Temporal. Close `client.connection` when done.
 * @throws Error naming the address when no server answers there; ConfigurationError for encryption keys.
 */
export async function connect(options: ConnectOptions = {}): Promise<ResearchClient> {
  const dataConverter = readDataConverter({
    ...process.env,
    ...(options.encryptionKeys !== undefined && { DURABLE_RESEARCH_ENCRYPTION_KEYS: options.encryptionKeys }),
  });
  // An address given in code is its own server: TLS and keys of a profile belong to another.
  const { connectionOptions, namespace } =
    options.address === undefined ? loadClientConnectConfig() : { connectionOptions: {}, namespace: undefined };
  const address = options.address ?? connectionOptions.address ?? '127.0.0.1:7233';
  try {
    const connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: '5s' });
    const client = new Client({ connection, namespace: options.namespace ?? namespace ?? 'default', dataConverter });
    const taskQueue = options.taskQueue ?? process.env['TEMPORAL_TASK_QUEUE'] ?? DEFAULT_TASK_QUEUE;
    return new ResearchClient(client, taskQueue);
  } catch (error) {
    throw new Error(`Temporal cannot be reached at ${address}; start a server there or set TEMPORAL_ADDRESS`, {
      cause: error,
    });
  }
}
