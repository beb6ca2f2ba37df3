import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { ConfigurationError, readDataConverter } from '../../client';
import { createEncryptionCodec, DecryptionError, parseEncryptionKeys } from '../../codec';

const OLD = `old:${randomBytes(32).toString('base64')}`;
const NEW = `new-2:${randomBytes(32).toString('base64')}`;
const VALUE = { prompt: 'How does Raft differ from Paxos?' };

const codecOf = (text: string) => createEncryptionCodec(parseEncryptionKeys(text));
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const metadataOf = ({ metadata }: Payload) =>
  Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]));

async function encrypted(value: unknown, keys = OLD): Promise<Payload> {
  const [payload] = await codecOf(keys).encode([payloadOf(value)]);
  return payload!;
}

async function decrypted(payload: Payload, keys: string): Promise<unknown> {
  const [plain] = await codecOf(keys).decode([payload]);
  return defaultPayloadConverter.fromPayload(plain!);
}

test.each([[VALUE], [''], [null], [undefined], [new Uint8Array([0, 255])], ['x'.repeat(1024 * 1024)]])(
  'a value comes back as it was: %#',
  async (value) => {
    expect(await decrypted(await encrypted(value), OLD)).toEqual(value);
  },
);

test('nothing of the value can be read, each time is different, and the metadata names the key', async () => {
  const [one, two] = [await encrypted(VALUE), await encrypted(VALUE)];
  expect(Buffer.from(one.data!).toString('latin1')).not.toMatch(/prompt|Raft|json/);
  expect(one.data).not.toEqual(two.data);
  expect(metadataOf(one)).toEqual({ encoding: 'binary/encrypted', 'encryption-key-id': 'old' });
});

test('the first key encrypts, every key decrypts: so keys are rotated', async () => {
  const before = await encrypted(VALUE, OLD);
  const after = await encrypted(VALUE, `${NEW}, ${OLD}`);
  expect(metadataOf(after)['encryption-key-id']).toBe('new-2');
  expect(await decrypted(before, `${NEW}, ${OLD}`)).toEqual(VALUE);
  expect(await decrypted(after, `${OLD}\n${NEW}`)).toEqual(VALUE);
});

test('what was not encrypted stays readable', async () => {
  expect(await decrypted(payloadOf(VALUE), OLD)).toEqual(VALUE);
  expect(await decrypted(payloadOf(VALUE), '')).toEqual(VALUE);
});

test.each([
  [
    'the id of a key that is not there, and the setting',
    NEW,
    /"old".+DURABLE_RESEARCH_ENCRYPTION_KEYS \(it has "new-2"\)/,
  ],
  ['that the setting is not set', '', /"old".+DURABLE_RESEARCH_ENCRYPTION_KEYS \(it is not set\)/],
  ['another key under the same id', `old:${randomBytes(32).toString('base64')}`, /"old" cannot be decrypted with it/],
])('an error names %s', async (_what, keys, message) => {
  const reading = decrypted(await encrypted(VALUE), keys);
  await expect(reading).rejects.toThrow(DecryptionError);
  await expect(reading).rejects.toThrow(message);
});

test('bytes or a key id that were changed are noticed', async () => {
  const payload = await encrypted(VALUE);
  const data = Buffer.from(payload.data!);
  for (const at of [0, 12, data.length - 1]) {
    const changed = Buffer.from(data);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(decrypted({ ...payload, data: changed }, OLD)).rejects.toThrow(DecryptionError);
  }
  for (const length of [0, 11, 27]) {
    await expect(decrypted({ ...payload, data: data.subarray(0, length) }, OLD)).rejects.toThrow(DecryptionError);
  }
  const renamed = { ...payload, metadata: { ...payload.metadata, 'encryption-key-id': Buffer.from('other') } };
  await expect(decrypted(renamed, `other:${OLD.split(':')[1]}`)).rejects.toThrow(DecryptionError);
});

const SECRET = 'c2VjcmV0';
test.each([
  [`a:${SECRET}`, /key "a" is not usable: expected 32 bytes in base64, got 6 bytes/],
  [`a:${SECRET}!`, /key "a" is not usable: expected 32 bytes in base64, got another text/],
  [SECRET, /key 1 has another form/],
  [`${OLD} ${'k'.repeat(43)}:${SECRET}`, /key 2 has another form/],
  [`${OLD} :${SECRET}`, /key 2 has another form/],
  [`${OLD},a:b:${SECRET}`, /key 2 has another form/],
  [`${OLD} ${OLD}`, /the id "old" is used for two keys/],
])('a setting that is wrong is named, with the id of its key and never the key: %#', (text, message) => {
  const read = () => readDataConverter({ DURABLE_RESEARCH_ENCRYPTION_KEYS: text });
  expect(read).toThrow(ConfigurationError);
  expect(read).toThrow(message);
  expect(read).toThrow(/^DURABLE_RESEARCH_ENCRYPTION_KEYS: /);
  expect(read).not.toThrow(new RegExp(`${SECRET}|${OLD.split(':')[1]?.slice(0, 8).replace(/[+/]/g, '.')}|kkk`));
});

test('without keys payloads and failures are as Temporal has them', async () => {
  const { payloadCodecs = [], failureConverterPath } = readDataConverter({});
  expect(failureConverterPath).toBeUndefined();
  expect(await payloadCodecs[0]?.encode([payloadOf(VALUE)])).toEqual([payloadOf(VALUE)]);
});
