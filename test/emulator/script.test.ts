import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { APIConnectionError } from 'openai';
import { parseEmulatorFlags, type ScriptInput } from '../../emulator';
import { admin, run, startRig, type Rig } from './helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ seconds: 0.02 });
});
afterEach(() => rig.emulator.script.clear());
afterAll(() => rig.stop());

const ask = (input: string, more: object = {}): ReturnType<typeof run> => run(rig.client, { input, ...more });
const unexpected = (message: unknown): object => ({
  status: 400,
  code: 'unexpected_create',
  type: 'emulator_script_error',
  message: expect.stringContaining(message as string) as unknown,
});

test('steps are met in order, each with its answer, and verify passes', async () => {
  await rig.emulator.script.set({
    steps: [
      { name: 'plan', expect: { model: { equals: 'gpt-4.1' }, input: 'Plan' }, answer: { text: 'First this.' } },
      { expect: { instructions: { regex: '^be brief', flags: 'i' } }, answer: { json: { ok: [1, null, 'x'] } } },
      { expect: { metadata: { step: { equals: 'last' } }, background: true } },
    ],
  });
  await expect(rig.emulator.script.verify()).rejects.toThrow("step 1 ('plan') was not met");
  expect((await ask('Plan the work.')).output_text).toBe('First this.');
  expect((await ask('Go on.', { instructions: 'Be brief.' })).output_text).toBe('{"ok":[1,null,"x"]}');
  // A step without an answer leaves it to the emulator.
  expect((await ask('What is Raft?', { metadata: { step: 'last' } })).output_text).toContain('Raft');
  await rig.emulator.script.verify();
});

test('a create that the next step does not expect is a 400 that says what was expected and what came', async () => {
  await rig.emulator.script.set({ steps: [{ name: 'plan', expect: { input: 'Raft' }, answer: { text: 'x' } }] });
  const problem = "step 1 ('plan') expects input to contain 'Raft', but got 'What is Paxos?'";
  await expect(ask('What is Paxos?')).rejects.toMatchObject(unexpected(problem));
  await expect(rig.emulator.script.verify()).rejects.toThrow(problem);
  expect((await ask('What is Raft?')).output_text).toBe('x');
  await expect(ask('And Raft?')).rejects.toMatchObject(unexpected('all 1 steps of the script have been met'));
  // What was unexpected stays so, whatever came later.
  const report = await rig.emulator.script.report();
  expect(report).toMatchObject({ steps: 1, used: 1, left: [], unexpected: [{}, {}] });
  await expect(rig.emulator.script.verify()).rejects.toThrow('all 1 steps');
});

test('in any order, a create meets the first step left that expects it', async () => {
  const steps = ['one', 'two', 'two'].map((input, index) => ({ expect: { input }, answer: { text: `${index}` } }));
  await rig.emulator.script.set({ anyOrder: true, steps });
  const said: string[] = [];
  for (const input of ['two', 'one', 'two']) said.push((await ask(input)).output_text);
  expect(said).toEqual(['1', '0', '2']);
  await expect(ask('three')).rejects.toMatchObject(unexpected('all 3 steps'));
});

const expectations: [string, object, string][] = [
  ['model', { model: 'o9' }, "model to contain 'o9', but got 'gpt-4.1'"],
  ['instructions', { instructions: { equals: 'x' } }, "instructions to be 'x', but got ''"],
  ['input', { input: { regex: '^\\d+$' } }, "input to match /^\\d+$/, but got 'What is Raft?'"],
  ['metadata', { metadata: { step: 'a' } }, "metadata.step to contain 'a', but got ''"],
  ['previous', { previous_response_id: 'resp_' }, "previous_response_id to contain 'resp_', but got ''"],
  ['conversation', { conversation: 'conv_' }, "conversation to contain 'conv_', but got ''"],
  ['tools', { tools: ['look'] }, "tools to contain 'look', but got []"],
  ['format', { format: 'report' }, "format to contain 'report', but got ''"],
  ['background', { background: false }, 'background to be false, but got true'],
  ['stream', { stream: true }, 'stream to be true, but got false'],
];
test.each(expectations)('an expectation on %s that fails is named', async (_field, expected, problem) => {
  await rig.emulator.script.set({ steps: [{ expect: expected }] });
  await expect(ask('What is Raft?')).rejects.toMatchObject(unexpected(`step 1 expects ${problem}`));
});

test('an answer may be calls or items, fail or break off, cost and take what the step says', async () => {
  await rig.emulator.script.set({
    steps: [
      { answer: { function_calls: [{ name: 'look', arguments: { q: 1 }, call_id: 'call_1' }] } },
      { answer: { output: [{ type: 'message', content: 'By item.' }] } },
      { answer: { error: { code: 'odd_code', message: 'No.' } } },
      { answer: { text: 'Half an ans', incomplete_details: { reason: 'content_filter' } } },
      { answer: { text: 'x', usage: { input_tokens: 5000, output_tokens: 70, reasoning_tokens: 60 }, seconds: 0 } },
    ],
  });
  const call = { type: 'function_call', name: 'look', arguments: '{"q":1}', call_id: 'call_1', status: 'completed' };
  expect((await ask('1')).output).toEqual([{ ...call, id: expect.stringMatching(/^fc_/) as string }]);
  const message = await ask('2');
  expect(message.output_text).toBe('By item.');
  expect(message.output).toMatchObject([{ role: 'assistant', id: expect.stringMatching(/^msg_/) as string }]);
  expect(await ask('3')).toMatchObject({ status: 'failed', error: { code: 'odd_code', message: 'No.' } });
  const cut = { status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output_text: 'Half an ans' };
  expect(await ask('4')).toMatchObject(cut);
  expect((await ask('5')).usage).toMatchObject({ input_tokens: 5000, total_tokens: 5070 });
});

test('a step may refuse, or bring faults for its create and for later looks at its response', async () => {
  await rig.emulator.script.set({
    steps: [
      { refuse: { status: 429, code: 'slow_down', headers: { 'retry-after': '3' } } },
      { answer: { fault: 'http_503' } },
      { answer: { fault: 'drop_after_accept', text: 'lost' } },
      { answer: { fault: 'not_found*2', text: 'found' } },
    ],
  });
  const create = (): Promise<{ id: string }> =>
    rig.client.responses.create({ model: 'gpt-4.1', input: 'x', background: true });
  const limited = await create().catch((error: unknown) => error);
  expect(limited).toMatchObject({ status: 429, code: 'slow_down' });
  expect((limited as { headers: Headers }).headers.get('retry-after')).toBe('3');
  await expect(create()).rejects.toMatchObject({ status: 503 });
  await expect(create()).rejects.toBeInstanceOf(APIConnectionError);
  const { id } = await create();
  await rig.emulator.script.verify();
  await expect(rig.client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  await expect(rig.client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  expect((await rig.client.responses.retrieve(id)).id).toBe(id);
});

test('a create that the API refuses uses no step up', async () => {
  await rig.emulator.script.set({ steps: [{ answer: { text: 'x' } }] });
  await expect(ask('x', { previous_response_id: 'resp_none' })).rejects.toMatchObject({ status: 400 });
  expect((await ask('x')).output_text).toBe('x');
  await rig.emulator.script.verify();
});

test('the admin API sets, shows and ends a script', async () => {
  const none = await admin(rig.emulator, 'GET /emulator/script');
  expect(none).toMatchObject({ status: 404 });
  const steps = [{ name: 'a', answer: { text: 'x' } }, { refuse: { status: 500 } }];
  const set = await admin(rig.emulator, 'PUT /emulator/script', { steps });
  expect(set).toMatchObject({ status: 200, body: { steps: 2, used: 0, unexpected: [] } });
  expect(set.body['left']).toEqual([
    { step: 1, name: 'a' },
    { step: 2, name: null },
  ]);
  await ask('x');
  const seen = await admin(rig.emulator, 'GET /emulator/script');
  expect(seen.body).toMatchObject({ used: 1, left: [{ step: 2 }] });
  expect(await admin(rig.emulator, 'DELETE /emulator/script')).toMatchObject({ status: 200, body: { deleted: true } });
  expect((await ask('What is Raft?')).output_text).toContain('Raft');
  await expect(rig.emulator.script.verify()).rejects.toThrow('no script');
});

test.each([
  [{}, 'steps'],
  [{ steps: [{ expect: { input: { regex: '(' } } }] }, 'steps[0].expect.input.regex'],
  [{ steps: [{ answer: { fault: 'explode' } }] }, 'steps[0].answer.fault'],
  [{ steps: [{ answer: {}, refuse: { status: 500 } }] }, 'steps[0]'],
  [{ steps: [{ refuse: { status: 200 } }] }, 'steps[0].refuse.status'],
])('the script %j is refused with the parameter that is wrong', async (script, param) => {
  const { status, body } = await admin(rig.emulator, 'PUT /emulator/script', script);
  expect(status).toBe(400);
  expect(body).toMatchObject({ error: { param } });
});

test('a script of the options goes on after a restart, and ends with a start without it', async () => {
  const script: ScriptInput = { steps: [{ answer: { text: 'one' } }, { answer: { text: 'two' } }] };
  let own = await startRig({ seconds: 0.02, script });
  expect((await run(own.client, { input: 'x' })).output_text).toBe('one');
  await own.emulator.close();
  own = await startRig({ seconds: 0.02, script, dataDir: own.dataDir });
  expect((await run(own.client, { input: 'x' })).output_text).toBe('two');
  await own.emulator.script.verify();
  await own.emulator.close();
  own = await startRig({ seconds: 0.02, dataDir: own.dataDir });
  expect((await run(own.client, { input: 'What is Raft?' })).output_text).toContain('Raft');
  await own.stop();
});

test('--script reads a file, and says which one it cannot read', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'script-'));
  const file = path.join(folder, 'script.json');
  await writeFile(file, JSON.stringify({ steps: [{ answer: { text: 'x' } }] }));
  expect(parseEmulatorFlags(['--script', file]).script).toMatchObject({ anyOrder: false, steps: [{}] });
  await writeFile(file, '{');
  expect(() => parseEmulatorFlags(['--script', file])).toThrow(`${file} cannot be read`);
  await writeFile(file, '{"steps":[]}');
  expect(() => parseEmulatorFlags(['--script', file])).toThrow("option 'script.steps'");
  await rm(folder, { recursive: true });
});
