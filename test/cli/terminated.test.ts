import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { until } from '../setup/harness';
import { CliHome } from './cli';

jest.setTimeout(120_000);

const stateSchema = z.object({
  temporal: z.object({ address: z.string() }),
  provider: z.object({ baseUrl: z.string() }),
});
const createsSchema = z.object({ data: z.array(z.object({ id: z.string(), status: z.string() })) });

let cli: CliHome;
beforeAll(async () => {
  // Slower than any test: what is not stopped is still in progress.
  cli = await CliHome.create({ DURABLE_RESEARCH_EMULATOR_SPEED: '0.01' });
});
afterAll(() => cli.remove());

async function state() {
  return stateSchema.parse(JSON.parse(await readFile(join(cli.home, 'supervisor.json'), 'utf8')));
}

async function statuses(): Promise<string[]> {
  const answer = await fetch(new URL('/emulator/creates', (await state()).provider.baseUrl));
  return createsSchema.parse(await answer.json()).data.map(({ status }) => status);
}

async function terminate(workflowId: string): Promise<void> {
  const connection = await Connection.connect({ address: (await state()).temporal.address });
  try {
    await new Client({ connection }).workflow.getHandle(workflowId).terminate('a test');
  } finally {
    await connection.close();
  }
}

test('what a terminated run left behind is stopped, and only then', async () => {
  const steps = ['a', 'b'].map((id) => ({ id, prompt: `Explain ${id}.`, after: [] }));
  await cli.run(['run', '--pipeline', '-', '--id', 'left', '--detach'], { stdin: JSON.stringify({ steps }) });
  await until('both responses run', async () => {
    const seen = await statuses();
    return seen.length === 2 && seen.every((status) => status === 'in_progress' || status === 'queued');
  });
  const open = await cli.run(['cancel', 'left', '--terminated']);
  expect(open).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/left is still running; end it with: .*cancel left/),
  });
  await until('both waits are recorded', async () => {
    const { stdout } = await cli.run(['status', 'left']);
    return (stdout.match(/resp_/g) ?? []).length >= 2;
  });

  await terminate('left');
  const { code, stdout } = await cli.run(['cancel', 'left', '--terminated']);
  expect(stdout.trim().split('\n').toSorted()).toEqual([
    expect.stringMatching(/^a: resp_\w+ is cancelled$/),
    expect.stringMatching(/^b: resp_\w+ is cancelled$/),
  ]);
  expect(code).toBe(0);
  expect(await statuses()).toEqual(['cancelled', 'cancelled']);
  expect(await cli.run(['cancel', 'nobody', '--terminated'])).toMatchObject({ code: 2 });
});
