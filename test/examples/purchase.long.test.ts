import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { until } from '../setup/harness';
import { Clone } from './clone';

let clone: Clone;
beforeAll(async () => {
  clone = await Clone.create('purchase');
  clone.export();
});
afterAll(async () => {
  await clone.type('npx durable-research stop');
  await clone.remove();
});

const approvalsSchema = z.array(z.object({ id: z.string(), detail: z.string() }));

/** As a person sees it: what waits, once the model has asked. */
async function asked(): Promise<string> {
  return until('a person is asked', async () => {
    const approvals = approvalsSchema.parse(JSON.parse(await clone.type('npx durable-research approvals --json')));
    for (const { detail } of approvals) expect(JSON.parse(detail)).toEqual({ article: 'whiteboard', quantity: 2 });
    return approvals[0]?.id;
  });
}

async function orders(): Promise<string[]> {
  const names = await readdir(join(clone.folder, 'orders')).catch(() => []);
  return names.filter((name) => name.endsWith('.json'));
}

const KILL = 'kill -9';

test('everything killed before and after the decision: one order; and none that a person has rejected', async () => {
  await clone.type(clone.line('npx durable-research run --pipeline examples/purchase/pipeline.json --id whiteboards'));
  const id = await asked();
  await clone.type(clone.line(KILL));
  expect(await asked()).toBe(id);
  expect(await clone.type(clone.line('npx durable-research approvals'))).toContain(id);
  expect(await orders()).toEqual([]);
  await clone.type(clone.line('npx durable-research approve').replace('ID', `whiteboards/${id}`));
  // The order is there; whether the run knows of it is left to chance.
  const [file = ''] = await until('the order is placed', async () => (await orders()).length > 0 && orders());
  await clone.type(clone.line(KILL));
  expect(await clone.type(clone.line('npx durable-research resume whiteboards'))).toContain('quantity 2');
  expect(await clone.type(clone.line('ls orders'))).toBe(`${file}\n`);
  expect(decodeURIComponent(file)).toBe(`whiteboards/${id}.json`);
  expect(JSON.parse(await readFile(join(clone.folder, 'orders', file), 'utf8'))).toMatchObject({ quantity: 2 });

  await clone.type(clone.line('npx durable-research run --pipeline examples/purchase/pipeline.json --id more'));
  await clone.type(clone.line('npx durable-research reject').replace('ID', `more-whiteboards/${await asked()}`));
  const rejected = await clone.type(clone.line('npx durable-research resume more-whiteboards'));
  expect(rejected).toContain('rejected and not made: we have three');
  expect(await orders()).toEqual([file]);
}, 180_000);
