import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type OutputStore, type StoredOutput } from '../../store/port';
import { createS3Store } from '../../store/s3';
import { type Harness, startHarness } from '../setup/harness';
import { S3Server, SECRET } from './server';

const BUCKET = 'outputs-of-tests';
const LOCATION = { bucket: BUCKET, prefix: 'team/research' };

let server: S3Server;
let client: S3Client;
let store: OutputStore;
const warnings: string[] = [];

beforeAll(async () => {
  server = await S3Server.start();
  Object.assign(process.env, server.env);
  client = new S3Client({ forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  store = createS3Store(LOCATION, { warn: (message) => warnings.push(message) });
}, 600_000);
afterAll(() => {
  for (const name of Object.keys(server.env)) delete process.env[name];
  client.destroy();
  server.stop();
});
beforeEach(() => warnings.splice(0));

const output = (responseId: string, text = 'Raft — ö 😀'): StoredOutput => ({
  responseId,
  status: 'completed',
  model: 'gpt-5.5',
  output: [{ type: 'message', content: [{ type: 'output_text', text }] }],
});

async function overwrite(key: string, text: string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `team/research/${key}`, Body: text }));
}

test('outputs come back as they were put, from any other worker, however often they are put', async () => {
  await Promise.all(Array.from({ length: 20 }, () => store.putOutput(output('resp_1'))));
  expect(await createS3Store(LOCATION).getOutput('resp_1')).toEqual(output('resp_1'));
  expect(await store.getOutput('resp_2')).toBeUndefined();
  const strange = 'an id / with ../ anything';
  await store.putOutput(output(strange));
  expect(await store.getOutput(strange)).toEqual(output(strange));
  expect(warnings).toEqual([]);
});

test('ten megabytes come back whole', async () => {
  const large = output('resp_large', 'ä'.repeat(5 * 1024 * 1024));
  await store.putOutput(large);
  expect(await store.getOutput('resp_large')).toEqual(large);
});

test('a damaged object, or one of another response, counts as absent, with a warning', async () => {
  await overwrite('outputs/resp_3.json', '{"responseId":"resp_3"');
  await overwrite('outputs/resp_4.json', JSON.stringify(output('resp_5')));
  expect([await store.getOutput('resp_3'), await store.getOutput('resp_4')]).toEqual([undefined, undefined]);
  expect(warnings).toEqual([
    expect.stringMatching(/^s3:\/\/outputs-of-tests\/team\/research\/outputs\/resp_3\.json does not hold the output/),
    expect.stringMatching(/resp_4/),
  ]);
});

test('prompts are kept under their content, and a changed one is not used', async () => {
  const ref = await store.putPrompt('Explain Raft.');
  expect(ref).toMatch(/^[0-9a-f]{64}$/);
  expect(await store.putPrompt('Explain Raft.')).toBe(ref);
  expect(await store.getPrompt(ref!)).toBe('Explain Raft.');
  expect(await store.getPrompt('not an address')).toBeUndefined();
  await overwrite(`prompts/${ref}`, 'Explain something else.');
  expect(await store.getPrompt(ref!)).toBeUndefined();
  expect(warnings).toEqual([expect.stringMatching(/does not hold the prompt it is named after/)]);
});

test('a bucket that does not exist is an error and not an absent output; no error holds the secret', async () => {
  const missing = createS3Store({ bucket: 'no-such-bucket', prefix: '' });
  const errors = await Promise.all(
    [missing.getOutput('resp_1'), missing.putOutput(output('resp_1'))].map((call) =>
      call.catch((error: unknown) => error),
    ),
  );
  for (const error of errors) {
    expect(error).toMatchObject({ name: 'NoSuchBucket' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(SECRET);
  }
});

describe('a run on the bucket', () => {
  let harness: Harness;
  afterEach(() => harness.close());

  test('feeds one step with the prompt and output of another, read from there alone', async () => {
    harness = await startHarness({ env: { DURABLE_RESEARCH_STORE: `s3://${BUCKET}/runs/` } });
    const run = await harness.research.start({
      steps: [
        { id: 'explain', prompt: 'Explain Paxos.' },
        { id: 'compare', prompt: 'Compare to Raft.' },
      ],
    });
    const result = await run.result();
    expect(result).toMatchObject({ outcome: 'completed', text: expect.stringMatching(/Paxos/) });
    const kept = createS3Store({ bucket: BUCKET, prefix: 'runs' });
    for (const { id } of await harness.creates(run.workflowId)) {
      expect(await kept.getOutput(id)).toMatchObject({ responseId: id, status: 'completed' });
    }
  });
});
