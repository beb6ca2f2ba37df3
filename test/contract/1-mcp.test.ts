import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type OpenAI from 'openai';
import { advance, clientFor, run, startRig, untilEnded, type Response, type Rig } from '../emulator/helpers';
import { startEmulator } from '../../emulator';
import { Store } from '../../emulator/state';
import { startDiceServer, type DiceServer } from './mcp-server';

type Mcp = OpenAI.Responses.Tool.Mcp;

let rig: Rig;
let dice: DiceServer;
beforeAll(async () => {
  rig = await startRig({ seconds: 0.02, speed: 50 });
});
afterAll(() => rig.stop());
beforeEach(async () => {
  dice = await startDiceServer();
});
afterEach(() => dice.close());

function tool(extra: Partial<Mcp> = {}): Mcp {
  return { type: 'mcp', server_label: 'dice', server_url: dice.url, require_approval: 'never', ...extra };
}

function typesOf(response: Response): string[] {
  return response.output.map((item) => item.type);
}

function itemOf<T extends Response['output'][number]['type']>(
  response: Response,
  type: T,
): Extract<Response['output'][number], { type: T }> {
  const found = response.output.find((item) => item.type === type);
  if (found === undefined) throw new Error(`Response ${response.id} has no ${type}: ${typesOf(response).join(', ')}`);
  return found as Extract<Response['output'][number], { type: T }>;
}

/** Asks for a roll that has to be approved. */
async function askForApproval(): Promise<{ response: Response; requestId: string }> {
  const tools = [tool({ require_approval: 'always' })];
  const response = await run(rig.client, { input: 'Roll a dice with 20 sides.', tools });
  return { response, requestId: itemOf(response, 'mcp_approval_request').id };
}

async function untilRolled(): Promise<void> {
  while (dice.rolls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

function decide(id: string, approve: boolean, reason?: string): OpenAI.Responses.ResponseInput {
  return [{ type: 'mcp_approval_response', approval_request_id: id, approve, ...(reason ? { reason } : {}) }];
}

describe('a tool of a server on this machine', () => {
  test('is listed, called and quoted', async () => {
    const response = await run(rig.client, { input: 'Roll a dice with 20 sides.', tools: [tool()] });
    expect(typesOf(response)).toEqual(['mcp_list_tools', 'mcp_call', 'message']);
    expect(itemOf(response, 'mcp_list_tools')).toMatchObject({
      id: expect.stringMatching(/^mcpl_/) as string,
      server_label: 'dice',
      tools: [
        { name: 'roll_dice' },
        { name: 'read_rulebook', annotations: { readOnlyHint: true } },
        { name: 'burn_table' },
      ],
    });
    expect(itemOf(response, 'mcp_call')).toMatchObject({
      id: expect.stringMatching(/^mcp_/) as string,
      server_label: 'dice',
      name: 'roll_dice',
      arguments: '{"sides":20}',
      output: 'The dice shows 4 of 20.',
      error: null,
      approval_request_id: null,
      status: 'completed',
    });
    expect(response.output_text).toContain('The dice shows 4 of 20.');
    expect(dice.rolls).toEqual([{ sides: 20 }]);
  });

  test('is not listed again where an earlier list is in context, nor called again for the same message', async () => {
    const { client } = rig;
    const first = await run(client, { input: 'Roll a dice with 6 sides.', tools: [tool()] });
    const next = { previous_response_id: first.id, tools: [tool()] };
    const second = await run(client, { ...next, input: 'Roll a dice with 8 sides.' });
    expect(typesOf(second)).toEqual(['mcp_call', 'message']);
    const third = await run(client, { ...next, input: 'Explain Raft.' });
    expect(typesOf(third)).toEqual(['message']);
    expect(dice.lists()).toBe(1);
    expect(dice.rolls).toEqual([{ sides: 6 }, { sides: 8 }]);
  });

  test('that fails gives a failed call with its error, and the response completes', async () => {
    const response = await run(rig.client, { input: 'Burn the table.', tools: [tool()] });
    expect(itemOf(response, 'mcp_call')).toMatchObject({ status: 'failed', error: 'There is no fire.', output: null });
    expect(response).toMatchObject({ status: 'completed', output_text: expect.stringContaining('no fire') as string });
  });

  test.each<[string, Mcp['allowed_tools'], string[]]>([
    ['a list of names', ['roll_dice'], ['roll_dice']],
    ['a filter on names', { tool_names: ['burn_table'] }, ['burn_table']],
    ['a filter on what only reads', { read_only: true }, ['read_rulebook']],
  ])('is offered where allowed_tools lets it: %s', async (_title, allowed, names) => {
    const response = await run(rig.client, { input: 'Explain Raft.', tools: [tool({ allowed_tools: allowed })] });
    expect(itemOf(response, 'mcp_list_tools').tools.map(({ name }) => name)).toEqual(names);
  });

  test('is called where tool_choice names it, and never with none', async () => {
    const { client } = rig;
    const forced = await run(client, {
      input: 'Explain Raft.',
      tools: [tool()],
      tool_choice: { type: 'mcp', server_label: 'dice', name: 'burn_table' },
    });
    expect(itemOf(forced, 'mcp_call').name).toBe('burn_table');
    const none = await run(client, { input: 'Roll a dice with 6 sides.', tools: [tool()], tool_choice: 'none' });
    expect(typesOf(none)).toEqual(['message']);
    expect(dice.rolls).toEqual([]);
  });

  test('answers in the foreground and in a conversation, which is locked meanwhile', async () => {
    const { client } = rig;
    const release = dice.hold();
    const { id: conversation } = await client.conversations.create();
    const params = { model: 'm', input: 'Roll a dice with 6 sides.', tools: [tool()], conversation };
    const answering = client.responses.create(params);
    await untilRolled();
    await expect(client.responses.create({ model: 'm', input: 'x', conversation })).rejects.toMatchObject({
      status: 400,
      code: 'conversation_locked',
    });
    release();
    expect(typesOf(await answering)).toEqual(['mcp_list_tools', 'mcp_call', 'message']);
    const items = await client.conversations.items.list(conversation, { order: 'asc' });
    expect(items.data.map((item) => item.type)).toEqual(['message', 'mcp_list_tools', 'mcp_call', 'message']);
    await client.responses.create({ model: 'm', input: 'Explain Raft.', conversation });
  });
});

describe('approvals', () => {
  test('the response completes with a request; the approval leads to the call', async () => {
    const { response, requestId } = await askForApproval();
    expect(response.status).toBe('completed');
    expect(typesOf(response)).toEqual(['mcp_list_tools', 'mcp_approval_request']);
    expect(itemOf(response, 'mcp_approval_request')).toMatchObject({
      id: expect.stringMatching(/^mcpr_/) as string,
      server_label: 'dice',
      name: 'roll_dice',
      arguments: '{"sides":20}',
    });
    expect(dice.rolls).toEqual([]);
    const next = await run(rig.client, {
      previous_response_id: response.id,
      input: decide(requestId, true),
      tools: [tool({ require_approval: 'always' })],
    });
    expect(typesOf(next)).toEqual(['mcp_call', 'message']);
    expect(itemOf(next, 'mcp_call')).toMatchObject({ approval_request_id: requestId, status: 'completed' });
    expect(dice.rolls).toEqual([{ sides: 20 }]);
  });

  test('a refusal with its reason leads to an answer that tells of it, and to no call', async () => {
    const { response, requestId } = await askForApproval();
    const next = await run(rig.client, {
      previous_response_id: response.id,
      input: decide(requestId, false, 'Gambling is not allowed here.'),
      tools: [tool({ require_approval: 'always' })],
    });
    expect(typesOf(next)).toEqual(['message']);
    expect(next.output_text).toContain('Gambling is not allowed here.');
    expect(dice.rolls).toEqual([]);
  });

  test('they work without stored state, where every item is sent again', async () => {
    const { response, requestId } = await askForApproval();
    const question = { role: 'user' as const, content: 'Roll a dice with 20 sides.' };
    const next = await run(rig.client, {
      input: [question, ...(response.output as OpenAI.Responses.ResponseInput), ...decide(requestId, true)],
      tools: [tool({ require_approval: 'always' })],
    });
    expect(typesOf(next)).toEqual(['mcp_call', 'message']);
  });

  test.each<[string, Mcp['require_approval'], string[]]>([
    ['always: every tool', 'always', ['mcp_approval_request', 'mcp_approval_request']],
    ['never: none', 'never', ['mcp_call', 'mcp_call']],
    ['never for what only reads', { never: { read_only: true } }, ['mcp_call', 'mcp_approval_request']],
    ['always for one by name', { always: { tool_names: ['roll_dice'] } }, ['mcp_call', 'mcp_approval_request']],
  ])('require_approval %s', async (_title, rule, expected) => {
    const response = await run(rig.client, {
      input: 'Roll a dice with 6 sides and look into the rulebook.',
      tools: [tool({ require_approval: rule })],
    });
    expect(typesOf(response).filter((type) => type !== 'mcp_list_tools' && type !== 'message')).toEqual(expected);
  });

  test('a request item that is sent again with previous_response_id is a duplicate', async () => {
    const { response, requestId } = await askForApproval();
    const request = itemOf(response, 'mcp_approval_request');
    const again = run(rig.client, {
      previous_response_id: response.id,
      input: [request, ...decide(requestId, true)],
      tools: [tool()],
    });
    await expect(again).rejects.toMatchObject({
      status: 400,
      param: 'input',
      message: expect.stringContaining(`Duplicate item found with id ${requestId}`) as string,
    });
  });

  test('an unknown request and one that was answered before are refused', async () => {
    const { client } = rig;
    const { response, requestId } = await askForApproval();
    const next = { previous_response_id: response.id, tools: [tool()] };
    await expect(run(client, { ...next, input: decide('mcpr_none', true) })).rejects.toMatchObject({
      status: 400,
      param: 'input',
      message: expect.stringContaining("'mcpr_none'") as string,
    });
    const twice = [...decide(requestId, true), ...decide(requestId, true)];
    await expect(run(client, { ...next, input: twice })).rejects.toMatchObject({ status: 400, param: 'input' });
    const second = await run(client, { ...next, input: decide(requestId, true) });
    const late = run(client, { previous_response_id: second.id, tools: [tool()], input: decide(requestId, true) });
    await expect(late).rejects.toMatchObject({ status: 400, param: 'input' });
    expect(dice.rolls).toHaveLength(1);
  });
});

describe('what cannot be reached', () => {
  test.each<[string, Partial<Mcp>, string]>([
    ['an address elsewhere is not called', { server_url: 'https://example.com/mcp' }, 'on its own machine alone'],
    ['a connector', { server_url: undefined, connector_id: 'connector_gmail' }, "'connector_gmail' is not emulated"],
  ])('%s: the list of tools has an error, and the response completes', async (_title, extra, error) => {
    const response = await run(rig.client, { input: 'Roll a dice.', tools: [tool(extra)] });
    expect(response.status).toBe('completed');
    expect(itemOf(response, 'mcp_list_tools')).toMatchObject({
      tools: [],
      error: expect.stringContaining(error) as string,
    });
  });

  test('a server that does not answer ends the wait, and nothing hangs', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const impatient = await startRig({ seconds: 0, mcpSeconds: 0.2 });
    try {
      const server_url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/mcp`;
      const response = await run(impatient.client, { input: 'Roll a dice.', tools: [tool({ server_url })] });
      expect(itemOf(response, 'mcp_list_tools').error).toMatch(/time/i);
    } finally {
      await impatient.stop();
      silent.closeAllConnections();
      silent.close();
    }
  });

  test('a server that has gone since it was listed gives a failed call', async () => {
    const { response, requestId } = await askForApproval();
    const tools = [tool({ require_approval: 'always' })];
    await dice.close();
    const next = await run(rig.client, { previous_response_id: response.id, input: decide(requestId, true), tools });
    expect(next.status).toBe('completed');
    expect(itemOf(next, 'mcp_call')).toMatchObject({ status: 'failed', error: expect.any(String) as string });
  });

  test.each<[string, Record<string, unknown>]>([
    ['without an address', {}],
    ['with two', { server_url: 'http://127.0.0.1:1/mcp', connector_id: 'connector_gmail' }],
    ['with an address that is none', { server_url: 'dice' }],
  ])('a tool %s is refused', async (_title, extra) => {
    const tools = [{ type: 'mcp', server_label: 'dice', ...extra }] as unknown as Mcp[];
    await expect(run(rig.client, { input: 'x', tools })).rejects.toMatchObject({
      status: 400,
      param: 'tools[0].server_url',
    });
  });
});

describe('credentials', () => {
  const hush = 'hush-4711';

  test('authorization and headers reach the server, and are neither echoed nor stored', async () => {
    dice.authorization = `Bearer ${hush}`;
    const secret = tool({ authorization: hush, headers: { 'x-team': `${hush}-team` } });
    const response = await run(rig.client, { input: 'Roll a dice with 6 sides.', tools: [secret] });
    expect(itemOf(response, 'mcp_call').status).toBe('completed');
    expect(dice.headers.at(-1)).toMatchObject({ authorization: `Bearer ${hush}`, 'x-team': `${hush}-team` });
    expect(response.tools[0]).toMatchObject({
      server_label: 'dice',
      server_url: `${new URL(dice.url).origin}/<redacted>`,
      headers: null,
      authorization: null,
    });
    const db = path.join(rig.dataDir, 'db');
    for (const name of await readdir(db)) {
      expect((await readFile(path.join(db, name))).includes(hush)).toBe(false);
    }
  });

  test('they are left out of errors, also where the server repeats them', async () => {
    dice.authorization = 'Bearer another';
    const response = await run(rig.client, { input: 'Roll a dice.', tools: [tool({ authorization: hush })] });
    expect(itemOf(response, 'mcp_list_tools').error).toMatch(/forbidden for Bearer <redacted>/);
    expect(JSON.stringify(response)).not.toContain(hush);
  });
});

describe('work that takes time', () => {
  const roll = { model: 'm', input: 'Roll a dice with 6 sides.', background: true };

  test('does not hold the create, and can be cancelled', async () => {
    const { client } = rig;
    const release = dice.hold();
    const { id, status } = await client.responses.create({ ...roll, tools: [tool()] });
    expect(['queued', 'in_progress']).toContain(status);
    await untilRolled();
    expect(await client.responses.cancel(id)).toMatchObject({ status: 'cancelled', output: [] });
    release();
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'cancelled', output: [] });
  });

  test('is streamed when it is done, with the events of its items', async () => {
    const { client } = rig;
    const release = dice.hold();
    const stream = await client.responses.create({ ...roll, tools: [tool()], stream: true });
    const types: string[] = [];
    let last: OpenAI.Responses.ResponseStreamEvent | undefined;
    for await (const event of stream) {
      types.push(event.type);
      last = event;
      if (event.type === 'response.in_progress') release();
    }
    expect(types.filter((type) => !type.includes('delta'))).toEqual([
      'response.created',
      'response.queued',
      'response.in_progress',
      'response.output_item.added',
      'response.mcp_list_tools.in_progress',
      'response.mcp_list_tools.completed',
      'response.output_item.done',
      'response.output_item.added',
      'response.mcp_call.in_progress',
      'response.mcp_call_arguments.done',
      'response.mcp_call.completed',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const final = last?.type === 'response.completed' ? last.response : undefined;
    expect(await client.responses.retrieve(final?.id ?? '')).toEqual({
      ...final,
      output_text: expect.stringContaining('4 of 6') as string,
    });
  });

  test('is taken up again after a restart', async () => {
    const release = dice.hold();
    const first = await startRig({ seconds: 0 });
    const { id } = await first.client.responses.create({ ...roll, tools: [tool()] });
    await untilRolled();
    await first.emulator.close();
    release();
    const second = await startEmulator({ dataDir: first.dataDir });
    try {
      const response = await untilEnded(clientFor(second.url), id);
      expect(response).toMatchObject({ status: 'completed' });
      expect(itemOf(response, 'mcp_call').status).toBe('completed');
      expect(dice.rolls).toHaveLength(2);
    } finally {
      await second.close();
    }
  });

  test('fails after a restart with the reason, where it needs credentials that were kept in memory', async () => {
    const release = dice.hold();
    const first = await startRig({ seconds: 0 });
    const { id } = await first.client.responses.create({ ...roll, tools: [tool({ authorization: 'hush' })] });
    await untilRolled();
    await first.emulator.close();
    release();
    const second = await startEmulator({ dataDir: first.dataDir });
    try {
      const response = await untilEnded(clientFor(second.url), id);
      expect(response).toMatchObject({
        status: 'failed',
        error: { code: 'server_error', message: expect.stringContaining("MCP server 'dice'") as string },
      });
    } finally {
      await second.close();
    }
  });

  test('is not taken up again after a kill right behind its cancel', async () => {
    const release = dice.hold();
    const first = await startRig({ seconds: 0 });
    const { id } = await first.client.responses.create({ ...roll, tools: [tool()] });
    await untilRolled();
    await first.emulator.close();
    release();
    // What a process leaves that is killed between the write of a cancel and the end of its work.
    const store = await Store.open(first.dataDir);
    const record = await store.tables.responses.get(id);
    if (record === undefined) throw new Error(`Response ${id} was not kept.`);
    await store.tables.responses.put(id, { ...record, cancelledAt: Date.now() });
    await store.close();
    const second = await startEmulator({ dataDir: first.dataDir, seconds: 0 });
    try {
      const client = clientFor(second.url);
      // What was taken up at the start has a head start on this one.
      await run(client, { ...roll, tools: [tool()] });
      expect(dice.rolls).toHaveLength(2);
      expect(await client.responses.retrieve(id)).toMatchObject({ status: 'cancelled', output: [] });
    } finally {
      await second.close();
    }
  });

  test('goes on after a restart where a cancelled response completes all the same', async () => {
    const release = dice.hold();
    const first = await startRig({ seconds: 0, faults: ['flip:60'] });
    const { id } = await first.client.responses.create({ ...roll, tools: [tool()] });
    await untilRolled();
    expect(await first.client.responses.cancel(id)).toMatchObject({ status: 'cancelled' });
    await first.emulator.close();
    release();
    const second = await startEmulator({ dataDir: first.dataDir });
    try {
      const client = clientFor(second.url);
      while (dice.rolls.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      await advance(second, 60);
      const typesNow = async (): Promise<string[]> => typesOf(await client.responses.retrieve(id));
      while ((await typesNow()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await client.responses.retrieve(id)).toMatchObject({ status: 'completed' });
      expect(await typesNow()).toContain('mcp_call');
    } finally {
      await second.close();
    }
  });
});
