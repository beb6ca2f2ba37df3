import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { until } from '../setup/harness';
import { Clone } from './clone';

let clone: Clone;
beforeAll(async () => {
  clone = await Clone.create('mcp');
  clone.export();
});
afterAll(async () => {
  await clone.type('npx durable-research stop');
  await clone.remove();
});

const type = (beginning: string): Promise<string> => clone.type(clone.line(beginning));

const ASKED = /^(printer\/close\/1\/call_\w+) .*\n +call tickets__close_ticket\? (.*)$/m;
const ticketsSchema = z.array(z.looseObject({ number: z.int(), state: z.string() }));

/** Numbers of the open tickets, by the file of the server. */
function openIn(file: string): number[] {
  const tickets = ticketsSchema.parse(JSON.parse(file));
  return tickets.flatMap(({ number, state }) => (state === 'open' ? [number] : []));
}

test('tickets are read as the model likes; one is closed once a person has agreed, with the comment shown', async () => {
  await type('cp examples/mcp/tickets.json');
  await type('npx durable-research run');
  const [, id = '', shown = ''] = await until(
    'a person is asked',
    async () => ASKED.exec(await type('npx durable-research approvals')) ?? undefined,
  );
  const comment = 'Please install version 2.4 of the driver.';
  expect(JSON.parse(shown)).toEqual({ number: 17, comment });
  // Nobody was asked for the first step, which has read the file.
  expect(await clone.type('npx durable-research status printer')).toMatch(/look +completed/);
  expect(openIn(await readFile(join(clone.folder, 'tickets.json'), 'utf8'))).toEqual([16, 17, 18]);

  await clone.type(clone.line('npx durable-research approve').replace('ID', id));
  expect(await type('npx durable-research resume')).toContain('state closed');
  const after = await type('cat tickets.json');
  expect(openIn(after)).toEqual([16, 18]);
  expect(JSON.parse(after)).toContainEqual({
    number: 17,
    subject: 'The printer is offline after an update',
    state: 'closed',
    comment,
    closedBy: id,
  });
}, 180_000);
