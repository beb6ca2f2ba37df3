import http from 'node:http';
import { startRig, type Rig } from './helpers';

const COUNT = 10_000;
const AT_ONCE = 16;

let rig: Rig;
afterEach(() => rig.stop());

/** A bare POST: most of the time of a test like this is otherwise its client's. */
function post(url: string, body: string, agent: http.Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'Bearer test', 'content-type': 'application/json' };
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end(body);
  });
}

interface Status {
  counts: { creates: number; responses_by_status: Record<string, number> };
}

async function inParallel(work: () => Promise<boolean>): Promise<void> {
  const worker = async (): Promise<void> => {
    while (await work());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

test('ten thousand responses are open at once, outlive a restart and cost no timer', async () => {
  rig = await startRig({ seconds: 3600 });
  const ids: string[] = [];
  const body = JSON.stringify({ model: 'gpt-4.1', input: 'hi', background: true });
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const url = `${rig.emulator.url}/responses`;
  let started = 0;
  await inParallel(async () => {
    if (started >= COUNT) return false;
    started += 1;
    ids.push((JSON.parse(await post(url, body, agent)) as { id: string }).id);
    return true;
  });
  agent.destroy();
  expect(new Set(ids).size).toBe(COUNT);
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeLessThan(100);

  await rig.emulator.close();
  const begun = performance.now();
  rig = await startRig({ dataDir: rig.dataDir });
  const { client, emulator } = rig;
  expect(performance.now() - begun).toBeLessThan(5000);

  const status = (await (await fetch(new URL('/emulator/status', emulator.url))).json()) as Status;
  const { queued = 0, in_progress: running = 0, ...ended } = status.counts.responses_by_status;
  expect([status.counts.creates, queued + running, ended]).toEqual([COUNT, COUNT, {}]);
  for (const id of [ids[0], ids[COUNT / 2], ids[COUNT - 1]]) {
    expect(await client.responses.retrieve(id ?? '')).toMatchObject({ id, output: [], usage: null });
  }
}, 120_000);
