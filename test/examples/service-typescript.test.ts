import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { buy } from '../../examples/purchase/tools';
import { type Harness, required, startHarness, until } from '../setup/harness';
import { Clone, end } from './clone';

const approvalsSchema = z.object({ approvals: z.array(z.object({ id: z.string() })) });
const id = randomUUID();

let harness: Harness;
let clone: Clone;
let service: ReturnType<Clone['start']>;
let url: string;
beforeAll(async () => {
  clone = await Clone.create('service-typescript');
  process.env['SHOP_FOLDER'] = clone.folder;
  harness = await startHarness({ seconds: 0, worker: { tools: [buy] } });
  Object.assign(clone.env, {
    TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'),
    TEMPORAL_TASK_QUEUE: harness.taskQueue,
    PORT: '0',
  });
  service = clone.start(clone.line('node dist/examples/service-typescript/service.js'));
  [url] = (await once(createInterface({ input: service.child.stdout! }), 'line')) as [string];
});
afterAll(async () => {
  await end(service);
  await harness.close();
  await clone.remove();
});

/** Types a line of the README with the names of this test in it; status and body of the answer. */
async function curl(beginning: string, approval = ''): Promise<[status: string, body: string]> {
  const line = clone.line(`curl ${beginning}`).replace('APPROVAL', approval).replaceAll('order-7', id);
  const printed = await clone.type(`${line.replace('localhost:8080', url)} -s -w '\\n%{http_code}'`);
  const [, body = '', status = ''] = /^([^]*)\n(\d+)$/.exec(printed) ?? [];
  return [status, body];
}

test('a run is started twice, decided and read, all over HTTP', async () => {
  expect(await curl('localhost:8080/runs --json')).toEqual(['202', JSON.stringify({ id })]);
  expect(await curl('localhost:8080/runs --json')).toEqual(['202', JSON.stringify({ id })]);
  const other = clone.line('curl localhost:8080/runs --json').replace('order-7', id).replace('Buy 2', 'Buy 3');
  expect(await clone.type(`${other.replace('localhost:8080', url)} -s`)).toMatch(/has another input|another input/);
  expect(await curl('localhost:8080/runs/order-7/result')).toEqual(['202', JSON.stringify({ id })]);

  const events = clone.start(
    clone.line('curl localhost:8080/runs/order-7/events').replace('localhost:8080', url).replace('order-7', id),
  );
  const approval = await until('a person is asked', async () => {
    const answer = await fetch(`${url}/runs/${id}`);
    // A worker that is busy is told as 503: to be asked again.
    if (answer.status === 503) return undefined;
    return approvalsSchema.parse(await answer.json()).approvals[0]?.id;
  });
  expect(await curl('localhost:8080/runs/order-7/decisions', 'unknown')).toEqual([
    '409',
    expect.stringMatching(/unknown/),
  ]);
  expect(await curl('localhost:8080/runs/order-7/decisions', approval)).toEqual(['204', '']);
  // Whoever comes late is told the last state alone.
  expect((await events.ended).stdout).toMatch(/^(event: (progress|silent)\ndata: .*\n\n)+event: ended\ndata: {}\n\n$/);
  const [status, body] = await curl('localhost:8080/runs/order-7/result');
  expect([status, JSON.parse(body)]).toEqual([
    '200',
    { outcome: 'completed', text: expect.any(String), usd: expect.any(Number) },
  ]);
});

test("what is wrong is the caller's, and said", async () => {
  const post = (path: string, body: string) => fetch(`${url}/${path}`, { method: 'POST', body });
  const answers = await Promise.all([
    post('runs', '{"id": "x"}'),
    post('runs', '{'),
    fetch(`${url}/runs/nobody`),
    fetch(`${url}/runs/nobody/events`),
    fetch(`${url}/nothing`),
  ]);
  expect(answers.map((answer) => answer.status)).toEqual([400, 400, 404, 404, 404]);
  // In words, and by the name of what is wrong.
  expect(await answers[0]?.json()).toEqual({ error: expect.stringMatching(/^✖ .*\n {2}→ at \w+/) });
});
