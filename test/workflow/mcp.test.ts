import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMcpHandler, type McpServerFactory } from '@modelcontextprotocol/server';
import { type ActivityDeps } from '../../activities';
import { type PipelineInput, type RunHandle } from '../../client';
import { type ScriptInput } from '../../emulator/script/schema';
import { type CreateBody, type Provider } from '../../openai/port';
import { type DiceServer, startDiceServer } from '../contract/mcp-server';
import { serveWeb } from '../setup/serve-web';
import { type Harness, startHarness, until } from '../setup/harness';

type Step = ScriptInput['steps'][number];
type Answer = NonNullable<Step['answer']>;

const PROGRAM = join(__dirname, '../fixtures/mcp-server.js');
const { make } = require(PROGRAM) as { make: (options: object) => ReturnType<McpServerFactory> };
const TOKEN = 'token-that-nobody-may-see';

let folder: string;
let harness: Harness;
let web: Server;
let dice: DiceServer;
/** Headers of every request to the server over HTTP. */
const headers: Record<string, unknown>[] = [];
const file = (name: string): string => join(folder, name);

const notes = (more: object) => ({
  command: process.execPath,
  args: [PROGRAM],
  env: { NOTES_EFFECTS: file('effects'), NOTES_LISTS: file('lists'), NOTES_TOKEN: '${TEST_NOTES_TOKEN}' },
  allowedTools: ['add_note', 'read.notes', 'delete_notes', 'fails', 'leak', 'picture', 'hang', 'die'],
  ...more,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durable-research-mcp-'));
  process.env['TEST_NOTES_TOKEN'] = TOKEN;
  const handler = createMcpHandler(() => make({ effects: file('web'), token: TOKEN }));
  web = createServer((request, response) => {
    headers.push(request.headers);
    void serveWeb(handler, request, response);
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/mcp`;
  dice = await startDiceServer();
  dice.authorization = `Bearer ${TOKEN}`;
  harness = await startHarness({
    seconds: 0.02,
    // Low enough for a run to go on in other executions.
    env: { DURABLE_RESEARCH_HISTORY_EVENTS: '20' },
    deps: recording,
    worker: {
      hostedMcpServers: { dice: { server_url: dice.url, authorization: '${TEST_NOTES_TOKEN}' } },
      mcpServers: {
        notes: notes({ timeout: '3s' }),
        again: notes({ idempotent: ['die'] }),
        odd: notes({ allowedTools: undefined }),
        web: { url, headers: { authorization: 'Bearer ${TEST_NOTES_TOKEN}' }, onError: 'fail' },
      },
    },
  });
});
afterAll(async () => {
  await harness.close();
  await dice.close();
  web.closeAllConnections();
  web.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Bodies of the creates, by step and turn. */
const sent = new Map<string, CreateBody>();

function recording(provider: Provider): Partial<ActivityDeps> {
  const createResponse: Provider['createResponse'] = (body, ...rest) => {
    const { workflow_id: id, step_id: step, turn } = body['metadata'] as Record<string, string>;
    sent.set(`${id}/${step}/${turn}`, body);
    return provider.createResponse(body, ...rest);
  };
  return { provider: { ...provider, createResponse } };
}

async function script(turns: Record<string, Answer[]>): Promise<void> {
  const steps = Object.entries(turns).flatMap(([stepId, answers]) =>
    answers.map((answer, i): Step => ({
      expect: { metadata: { step_id: { equals: stepId }, turn: { equals: String(i + 1) } } },
      answer,
    })),
  );
  await harness.emulator.script.set({ steps, anyOrder: true });
}

const calling = (name: string, args: Record<string, unknown> = {}): Answer => ({
  function_calls: [{ name, arguments: args, call_id: `call_${name.replaceAll('.', '_')}` }],
});

const start = (steps: PipelineInput['steps'], more: Partial<PipelineInput> = {}): Promise<RunHandle> =>
  harness.research.start({ steps, ...more });

/** What the server did for a run. */
function effectsOf({ workflowId }: RunHandle, of = 'effects'): string[] {
  const lines = existsSync(file(of)) ? readFileSync(file(of), 'utf8').split('\n') : [];
  return lines.flatMap((line) => (line.includes(workflowId) ? [line.replace(`${workflowId}/`, '')] : []));
}

function outputsOf({ workflowId }: RunHandle, step: string, turn: number): unknown[] {
  const { input = [] } = sent.get(`${workflowId}/${step}/${turn}`) ?? {};
  return input.flatMap(({ type, output }) => (type === 'function_call_output' ? [output] : []));
}

/** Everything that Temporal, the worker and the provider keep of a run. */
async function keptOf({ workflowId }: RunHandle): Promise<string> {
  const { workflow } = harness.research.client;
  const histories: unknown[] = [];
  for await (const { runId } of workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    histories.push(await workflow.getHandle(workflowId, runId).fetchHistory());
  expect(histories.length).toBeGreaterThan(0);
  const stored = readdirSync(harness.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
  return [JSON.stringify(histories, readable), ...stored].join('\n');
}

function readable(_name: string, value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  const isBuffer = value !== null && typeof value === 'object' && 'data' in value && Array.isArray(value.data);
  return isBuffer ? Buffer.from(value.data as number[]).toString() : value;
}

async function decide({ workflowId }: RunHandle, decision: { id: string; approve: boolean; reason?: string }) {
  const handle = harness.research.client.workflow.getHandle(workflowId);
  await handle.executeUpdate('decideApproval', { args: [decision] });
}

async function waitsFor(run: RunHandle, id: string): Promise<string> {
  return until(`${id} waits`, async () => (await run.progress()).waitingFor.find((text) => text.startsWith(id)));
}

const LISTED = ['add_note', 'read.notes', 'delete_notes', 'fails', 'leak', 'picture', 'hang', 'die'];
beforeEach(() => rm(file('lists'), { force: true }));

const named = (tools: unknown): string[] => (tools as { name: string }[]).map(({ name }) => name);

const idOf = (text = ''): string => text.slice(0, text.indexOf(': '));

// First of all: no script decides what the emulator says here.
test('a hosted server is called once a person allows it, with credentials that only the worker has', async () => {
  const tools = [{ type: 'mcp' as const, server_label: 'dice' }];
  const never = [{ ...tools[0]!, require_approval: 'never' }];
  const run = await start([
    { id: 'yes', prompt: 'Roll a dice with 20 sides.', tools },
    { id: 'no', prompt: 'Roll a dice with 6 sides.', tools, after: [] },
    {
      id: 'next',
      prompt: 'Roll a dice with 8 sides.',
      tools: never,
      context: { strategy: 'stateless', from: ['yes'] },
    },
  ]);
  const [yes, no] = await Promise.all(['yes', 'no'].map((id) => waitsFor(run, `${id}/1/mcpr_`)));
  expect(yes).toMatch(/^yes\/1\/mcpr_\w+: call roll_dice of the MCP server "dice"\? \{"sides":20\}$/);
  expect(dice.rolls).toEqual([]);
  await decide(run, { id: idOf(no), approve: false, reason: 'too small' });
  await decide(run, { id: idOf(yes), approve: true });
  const result = await run.result();
  expect(result).toMatchObject({
    outcome: 'completed',
    steps: { yes: { outcome: 'completed' }, no: { outcome: 'completed' } },
  });
  expect(dice.rolls).toEqual([{ sides: 20 }, { sides: 8 }]);
  const bodyOf = (turn: string): CreateBody => sent.get(`${run.workflowId}/${turn}`)!;
  const { responseIds } = result.steps['no']!;
  const rejected = { type: 'mcp_approval_response', approve: false, approval_request_id: idOf(no).split('/')[2] };
  const input = [{ ...rejected, reason: 'This call was rejected and not made: too small' }];
  expect(bodyOf('no/2')).toMatchObject({ input, previous_response_id: responseIds[0] });
  expect(bodyOf('no/1')['tools']).toEqual([{ ...tools[0], server_url: dice.url, authorization: TOKEN }]);
  expect(await keptOf(run)).not.toContain(TOKEN);
});

test('a run keeps the tools that a server listed when it began, over executions; a tool that is gone is told by name', async () => {
  writeFileSync(file('lists'), JSON.stringify(LISTED));
  const both = [calling('notes__add_note', { text: 'a' }), calling('notes__delete_notes')];
  await script({
    ask: [
      { function_calls: both.flatMap((one) => one.function_calls ?? []) },
      calling('notes__leak'),
      { text: 'Noted.' },
    ],
    next: [{ text: 'Done.' }],
  });
  const run = await start([
    { id: 'ask', prompt: 'Note it.', tools: ['mcp:notes'] },
    { id: 'next', prompt: 'And now?', tools: ['mcp:notes/add_note'] },
  ]);
  const asked = await waitsFor(run, 'ask/1/call_notes__delete_notes');
  expect(asked).toBe('ask/1/call_notes__delete_notes: call notes__delete_notes? {}');
  writeFileSync(file('lists'), JSON.stringify(['add_note', 'leak', 'fresh']));
  await decide(run, { id: 'ask/1/call_notes__delete_notes', approve: true });
  expect(await run.result()).toMatchObject({ outcome: 'completed', text: 'Done.' });
  const tools = ['ask/1', 'ask/2', 'ask/3', 'next/1'].map((turn) => sent.get(`${run.workflowId}/${turn}`)!['tools']);
  expect(named(tools[0])).toHaveLength(LISTED.length);
  expect(tools[0]).toContainEqual({
    type: 'function',
    name: 'notes__add_note',
    description: 'Writes a note down.',
    parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    strict: false,
  });
  // Names are made fit for the API, and stay apart.
  expect(named(tools[0])[1]).toMatch(/^notes__read_notes_[0-9a-f]{8}$/);
  expect(tools.slice(1, 3)).toEqual([tools[0], tools[0]]);
  expect(named(tools[3])).toEqual(['notes__add_note']);
  const gone = 'Error: the MCP server "notes" has no tool "delete_notes" any more';
  expect(outputsOf(run, 'ask', 2)).toEqual(['add_note: done', gone]);
  expect(effectsOf(run)).toEqual(['add_note ask/1/call_notes__add_note a', 'leak ask/2/call_notes__leak']);
  // What the server knows and nobody else may is in nothing that is kept, nor is it handed our own.
  expect(outputsOf(run, 'ask', 3)).toEqual(['the token is …']);
  const kept = await keptOf(run);
  expect(kept).toContain('notes__add_note');
  expect(kept).not.toContain(TOKEN);
  expect(kept.match(/workflowExecutionContinuedAsNewEventAttributes":\{/g)).not.toBeNull();
  expect(readFileSync(file('effects'), 'utf8')).toMatch(/^started \d+ \n/);
});

const steps = (tool: string, ids: string[]): PipelineInput['steps'] =>
  ids.map((id) => ({ id, prompt: 'Try.', tools: [tool], after: [] }));

const uncertain = (name: string, why: string): string =>
  `Error: the call call_notes__${name} of tool "notes__${name}" may have happened: ${why}. Do not call it again before you know whether it happened.`;

test('errors, pictures and wrong arguments are told; a call whose end nobody knows is not made again', async () => {
  await script({
    fails: [calling('notes__fails'), { text: 'No.' }],
    picture: [calling('notes__picture'), { text: 'Nice.' }],
    wrong: [calling('notes__add_note', { text: 7 }), { text: 'Sorry.' }],
    hangs: [calling('notes__hang'), { text: 'Who knows.' }],
    dies: [calling('notes__die'), { text: 'Who knows.' }],
    again: [calling('again__die'), { text: 'It dies.' }],
  });
  // One after the other: a program that dies takes the calls of others along.
  const run = await start(
    [...steps('mcp:notes', ['fails', 'picture', 'wrong', 'hangs', 'dies']), ...steps('mcp:again/die', ['again'])],
    { maxParallel: 1 },
  );
  expect(await run.result()).toMatchObject({ outcome: 'completed' });
  const told = (id: string): unknown => outputsOf(run, id, 2)[0];
  expect(told('fails')).toBe('Error: no such note; … is no help');
  expect(told('picture')).toMatch(/^\[image, image\/png, 3 bytes; not shown\]\n\[resource file:\/\/\/plan\.pdf: plan/);
  expect(told('wrong')).toBe('Error: the tool was not called: text: must be string');
  expect(told('hangs')).toBe(uncertain('hang', 'it did not end within 3 s'));
  expect(told('dies')).toBe(uncertain('die', 'MCP server "notes": the connection ended before it answered'));
  expect(told('again')).toBe('Error: MCP server "again": the connection ended before it answered');
  const made = effectsOf(run).map((line) => line.split(' ')[1]?.split('/')[0]);
  // An attempt that finds the program still starting makes no call, and counts as one.
  expect([...new Set(made)]).toEqual(['fails', 'picture', 'hangs', 'dies', 'again']);
  expect(made.filter((step) => step !== 'again')).toHaveLength(4);
  expect(made.length).toBeLessThanOrEqual(7);
});

test('a server over HTTP is called with its headers; a call that fails there may fail its step', async () => {
  await script({ ask: [calling('web__add_note', { text: 'b' }), calling('web__fails')] });
  const run = await start([{ id: 'ask', prompt: 'Note it.', tools: ['mcp:web/add_note', 'mcp:web/fails'] }]);
  const reason = 'ToolFailed: tool "web__fails" failed in call call_web__fails: no such note; … is no help';
  await expect(run.result()).rejects.toThrow(reason);
  expect(effectsOf(run, 'web')).toEqual(['add_note ask/1/call_web__add_note b', 'fails ask/2/call_web__fails']);
  expect(new Set(headers.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${TOKEN}`]));
});

test.each([
  [
    'mcp:none',
    /steps\[0\]\.tools\[0\]: no MCP server "none" is configured at the worker, by DURABLE_RESEARCH_MCP or its options; configured: "notes", "again"/,
  ],
  ['mcp:notes/other', /steps\[0\]\.tools\[0\]: MCP server "notes" has no tool other; it has: "add_note", /],
  [
    'mcp:odd',
    /tool "odd" of MCP server "odd": inputSchema\.properties\.a: the API takes no list without "items"; name/,
  ],
  ['mcp:', /steps\[0\]\.tools\[0\]: expected the name of a tool.* or "mcp:<server>"/],
])('a run that names %s is refused at its start, by the place', async (tool, message) => {
  const run = start([{ id: 'ask', prompt: 'Try.', tools: [tool] }]);
  await expect(run.then((begun) => begun.result())).rejects.toThrow(message);
});
