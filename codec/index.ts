/** What stands between values and Temporal's server: payload encryption. */
export { dataConverterOf, FAILURE_CONVERTER_PATH, readDataConverter } from './data-converter';
export { decodeFirst, decodePayload } from './decode';
export { createEncryptionCodec, DecryptionError } from './encryption';
export { type EncryptionKey, parseEncryptionKeys } from './keys';
