/** What stands between values and Temporal's server: payload encryption. */
export { dataConverterOf, FAILURE_CONVERTER_PATH, readDataConverter } from './data-converter';
export { decodeFirst, decodePayload } from './decode';
export { createEncryptionCodec, DecryptionError } from './encryption';
export { ENCRYPTION_KEYS, type EncryptionKey, parseEncryptionKeys } from './keys';
export { fromWire, toWire, wirePayloadsSchema } from './wire';
export type { PayloadCodec } from '@temporalio/common';
