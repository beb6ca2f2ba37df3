import { advance, run, startRig, TEN_MINUTES, untilEnded, type Rig } from './helpers';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

async function items(conversation: string): Promise<unknown[]> {
  const page = await rig.client.conversations.items.list(conversation, { order: 'asc' });
  return page.data.map((item) => ('role' in item ? item.role : item.type));
}

test('a conversation is made, read, renamed and deleted', async () => {
  const { conversations } = rig.client;
  const made = await conversations.create({ metadata: { topic: 'a' } });
  expect(made).toMatchObject({ object: 'conversation', metadata: { topic: 'a' } });
  expect(made.id).toMatch(/^conv_[0-9a-f]{50}$/);
  expect(await conversations.update(made.id, { metadata: { topic: 'b' } })).toMatchObject({ metadata: { topic: 'b' } });
  expect(await conversations.retrieve(made.id)).toMatchObject({ metadata: { topic: 'b' } });
  expect(await conversations.delete(made.id)).toEqual({ id: made.id, deleted: true, object: 'conversation.deleted' });
  await expect(conversations.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
});

test('items are added, paged, read and deleted', async () => {
  const { conversations } = rig.client;
  const words = ['one', 'two', 'three'];
  const { id } = await conversations.create({ items: [{ role: 'user', content: 'zero' }] });
  const added = await conversations.items.create(id, { items: words.map((content) => ({ role: 'user', content })) });
  expect(added.data).toHaveLength(3);

  const texts: string[] = [];
  for await (const item of conversations.items.list(id, { limit: 2, order: 'asc' })) {
    texts.push(JSON.stringify(item).replace(/.*"text":"(\w+)".*/, '$1'));
  }
  expect(texts).toEqual(['zero', ...words]);

  const first = added.data[0]?.id ?? '';
  expect(await conversations.items.retrieve(first, { conversation_id: id })).toMatchObject({ id: first, role: 'user' });
  expect(await conversations.items.delete(first, { conversation_id: id })).toMatchObject({
    id,
    object: 'conversation',
  });
  await expect(conversations.items.retrieve(first, { conversation_id: id })).rejects.toMatchObject({ status: 404 });
});

test('a response locks its conversation and joins it at its end', async () => {
  const { client } = rig;
  const { id } = await client.conversations.create();
  const request = { model: 'gpt-4.1', input: 'Explain Paxos.', background: true, conversation: id };
  const first = await client.responses.create({ ...request, metadata: TEN_MINUTES });
  expect(first.conversation).toEqual({ id });
  expect(await items(id)).toEqual([]);
  await expect(client.responses.create(request)).rejects.toMatchObject({ status: 400, code: 'conversation_locked' });

  await advance(rig.emulator, 600);
  await untilEnded(client, first.id);
  expect(await items(id)).toEqual(['user', 'assistant']);
  const second = await run(client, { ...request, input: 'Compare to Raft.' });
  expect(second.usage?.input_tokens).toBeGreaterThan(
    (await client.responses.retrieve(first.id)).usage?.input_tokens ?? 0,
  );
  expect(await items(id)).toEqual(['user', 'assistant', 'user', 'assistant']);
});

test('a cancelled or failed response leaves nothing in its conversation', async () => {
  const { client } = rig;
  const { id } = await client.conversations.create();
  const request = { model: 'm', input: 'x', background: true, conversation: id };
  const open = await client.responses.create({ ...request, metadata: TEN_MINUTES });
  await client.responses.cancel(open.id);
  await run(client, { input: 'y', conversation: id, metadata: { emulator_fault: 'failed' } });
  expect(await items(id)).toEqual([]);
});

test('conversation and previous_response_id exclude each other; unknown ones are named', async () => {
  const { client } = rig;
  const { id } = await client.conversations.create();
  const request = { model: 'm', input: 'x', background: true };
  await expect(
    client.responses.create({ ...request, conversation: id, previous_response_id: 'resp_1' }),
  ).rejects.toMatchObject({ status: 400, param: 'previous_response_id' });
  await expect(client.responses.create({ ...request, previous_response_id: 'resp_1' })).rejects.toMatchObject({
    status: 400,
    code: 'previous_response_not_found',
    message: "400 Previous response with id 'resp_1' not found.",
  });
  await expect(client.responses.create({ ...request, conversation: 'conv_1' })).rejects.toMatchObject({ status: 404 });
});

test('of many deletes of one item only the first finds it', async () => {
  const { conversations } = rig.client;
  const { id } = await conversations.create({ items: [{ role: 'user', content: 'one' }] });
  const [item] = (await conversations.items.list(id)).data;
  const deletes = Array.from({ length: 10 }, () =>
    conversations.items.delete(item?.id ?? '', { conversation_id: id }).then(
      () => 200,
      (error: unknown) => (error as { status: number }).status,
    ),
  );
  expect((await Promise.all(deletes)).toSorted((a, b) => a - b)).toEqual([200, ...Array<number>(9).fill(404)]);
});
