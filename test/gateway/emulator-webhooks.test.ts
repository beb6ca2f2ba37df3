import { type Gateway, startGateway, type WebhookReport } from '../../gateway';
import { createProvider } from '../../openai';
import { createFileStore } from '../../store/files';
import { announceEnds } from '../../worker';
import { type Harness, startHarness } from '../setup/harness';

const SECRET = `whsec_${Buffer.from('shared by provider and gateway').toString('base64')}`;

let harness: Harness;
let gateways: Gateway[];
const reports: WebhookReport[] = [];
/** Looks at responses by the worker: webhooks make them needless. */
let looks = 0;

function remember(report: WebhookReport): void {
  reports.push(report);
}

beforeAll(async () => {
  harness = await startHarness({
    seconds: 0.5,
    env: { OPENAI_WEBHOOK_SECRET: SECRET },
    deps: (provider) => ({
      provider: { ...provider, retrieveResponse: (id) => ((looks += 1), provider.retrieveResponse(id)) },
    }),
  });
  const provider = createProvider({ apiKey: 'test', baseURL: harness.emulator.url });
  const announce = announceEnds(harness.research.client, { provider, store: createFileStore(harness.home) });
  const options = { port: 0, host: '127.0.0.1', secrets: [SECRET], announce, report: remember };
  gateways = await Promise.all([startGateway(options), startGateway(options)]);
  // Both are told of every end, as when a load balancer sends a webhook again elsewhere.
  for (const { url } of gateways) {
    const answer = await fetch(new URL('/emulator/webhooks', harness.emulator.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url, signing_secret: SECRET }),
    });
    if (!answer.ok) throw new Error(`the emulator answered ${answer.status} to a new webhook endpoint`);
  }
});
afterAll(async () => {
  await harness.close();
  await Promise.all(gateways.map((gateway) => gateway.close()));
});

test("a pipeline's responses are ended by the provider's webhooks, through two gateways side by side", async () => {
  const topics = ['Raft', 'Paxos', 'Zab', 'PBFT'].map((topic) => ({
    id: topic,
    prompt: `Explain ${topic}.`,
    after: [],
  }));
  const steps = [
    ...topics,
    { id: 'sum', prompt: 'Sum up.', context: { strategy: 'stateless' as const, from: 'all' as const } },
  ];
  const run = await harness.research.start({ steps });
  const result = await run.result();
  expect(result).toMatchObject({ outcome: 'completed', ledger: { ambiguous: [], total: { creates: 5 } } });
  const ids = (await harness.creates(run.workflowId)).map(({ id }) => id);
  const ended = reports.filter(({ outcome }) => outcome === 'completed').map(({ responseId }) => responseId);
  expect(new Set(ended).size).toBe(ended.length);
  expect(ids).toEqual(expect.arrayContaining(ended));
  // A response may end before its first look; nothing is looked at twice.
  expect(looks).toBeLessThanOrEqual(5);
  expect(ended.length).toBeGreaterThan(0);
});

test('webhooks that are lost, doubled, late or not believed end every wait all the same, and once', async () => {
  const faults = ['lost', 'doubled', 'reordered:1', 'bad_signature', 'old_timestamp'].map((name) => `webhook_${name}`);
  for (const [index, fault] of faults.entries()) {
    const answer = await fetch(new URL('/emulator/faults', harness.emulator.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rule: `${fault} where step_id=webhook${index}` }),
    });
    if (!answer.ok) throw new Error(`the emulator answered ${answer.status} to the rule ${fault}`);
  }
  // The fallback of a wait for a webhook is a minute and more; the deadline's look comes first.
  const steps = faults.map((_fault, index) => ({
    id: `webhook${index}`,
    prompt: 'Explain Raft.',
    after: [],
    deadline: '6s',
    wait: 'webhook' as const,
  }));
  const run = await harness.research.start({ steps });
  expect(await run.result()).toMatchObject({
    outcome: 'completed',
    ledger: { ambiguous: [], possiblyRunning: [], costUnknown: [], total: { creates: faults.length } },
  });
});
