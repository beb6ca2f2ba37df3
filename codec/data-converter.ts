import { type DataConverter } from '@temporalio/common';
import { createEncryptionCodec } from './encryption';
import { ENCRYPTION_KEYS, type EncryptionKey, parseEncryptionKeys } from './keys';

/** Module that workers and workflow bundles load where messages of failures are to be encrypted. */
export const FAILURE_CONVERTER_PATH = require.resolve('./failure-converter');

/**
 * The data converter for clients and workers with these keys: payloads are encrypted, and the messages of failures are
 * payloads. Without keys both stay as Temporal has them, and an encrypted payload is refused with what to set.
 */
export function dataConverterOf(keys: readonly EncryptionKey[]): DataConverter {
  const payloadCodecs = [createEncryptionCodec(keys)];
  // Without keys a message in a payload would only be harder to read.
  return keys.length === 0 ? { payloadCodecs } : { payloadCodecs, failureConverterPath: FAILURE_CONVERTER_PATH };
}

/**
 * The data converter by `DURABLE_RESEARCH_ENCRYPTION_KEYS`, for a Temporal client or worker of your own.
 * @throws ConfigurationError naming the key that is wrong; keys are never shown.
 * @example const client = new Client({ connection, dataConverter: readDataConverter() });
 */
export function readDataConverter(env: NodeJS.ProcessEnv = process.env): DataConverter {
  return dataConverterOf(parseEncryptionKeys(env[ENCRYPTION_KEYS]));
}
