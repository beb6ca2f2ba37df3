import { join } from 'node:path';
import { type Emulator, type ScriptInput, startEmulator } from '../../emulator';
import { read } from '../docs/markdown';
import { Clone } from '../examples/clone';
import { PostgresServer } from './server';

let server: PostgresServer;
let emulator: Emulator;
let clone: Clone;
beforeAll(async () => {
  server = await PostgresServer.start();
  await server.run(read('examples/postgres/schema.sql'));
  clone = await Clone.create('postgres');
  emulator = await startEmulator({ dataDir: join(clone.folder, 'emulator'), seconds: 0 });
  await emulator.script.set(JSON.parse(read('examples/postgres/script.json')) as ScriptInput);
  Object.assign(clone.env, {
    REPORTS_DATABASE_URL: server.url('research', 'research'),
    DURABLE_RESEARCH_TOOLS: join(clone.folder, 'dist/examples/postgres/tools.mjs'),
    OPENAI_API_KEY: 'any',
    OPENAI_BASE_URL: emulator.url,
    DURABLE_RESEARCH_ORIGIN: 'emulator:mine',
  });
}, 120_000);
afterAll(async () => {
  await clone.type('npx durable-research stop');
  await emulator.close();
  await clone.remove();
  await server.stop();
}, 60_000);

test('examples/postgres: the query is run, and the answer has its figures', async () => {
  const answer = await clone.type(`${clone.line('npx durable-research run')} --json --yes`);
  await emulator.script.verify();
  expect(JSON.parse(answer)).toMatchObject({ outcome: 'completed', text: expect.stringMatching(/1044\.00/) });
}, 180_000);

async function asRole(sql: string): Promise<unknown> {
  return server.run(`SET ROLE research; ${sql}`).catch((error: Error) => error.message);
}

test('examples/postgres: its role can read what the README says, and nothing else', async () => {
  expect(await asRole('SELECT name FROM customers WHERE id = 1')).toEqual([{ name: 'Ada' }]);
  expect(await asRole('SELECT email FROM customers')).toBe('permission denied for table customers');
  expect(await asRole('DELETE FROM orders')).toBe('permission denied for table orders');
});
