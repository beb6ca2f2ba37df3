import { createEncryptionCodec, ENCRYPTION_KEYS, parseEncryptionKeys } from '../codec';
import { ConfigurationError } from '../contract/configuration-error';
import { type CodecServerOptions } from './codec-server';

/**
 * What a codec server reads from its environment.
 * @throws ConfigurationError without keys, and for one that is wrong.
 */
export function readCodecSettings(env: NodeJS.ProcessEnv): Pick<CodecServerOptions, 'codec' | 'token'> {
  const keys = parseEncryptionKeys(env[ENCRYPTION_KEYS]);
  if (keys.length === 0) {
    throw new ConfigurationError(`${ENCRYPTION_KEYS} is not set. Set it to the keys of the workers ("id:base64")`);
  }
  return { codec: createEncryptionCodec(keys), token: env['DURABLE_RESEARCH_CODEC_TOKEN']?.trim() || undefined };
}
