import { type AddressInfo } from 'node:net';
import { serveHealth } from '../../worker/health';
import { readTelemetry } from '../../worker/telemetry';

test.each([
  ['RUNNING', 200],
  ['DRAINING', 503],
  ['FAILED', 503],
] as const)('a worker that is %s answers %i', async (state, status) => {
  const server = await serveHealth({ getState: () => state }, { host: '127.0.0.1', port: 0 });
  try {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/healthz?from=probe`);
    expect([answer.status, await answer.json()]).toEqual([status, { state }]);
  } finally {
    server.close();
  }
});

test('addresses are read, and a wrong one is refused by name', () => {
  expect(readTelemetry({})).toEqual({ log: { format: 'text', level: 'INFO' } });
  expect(
    readTelemetry({ DURABLE_RESEARCH_METRICS: '0.0.0.0:9464', DURABLE_RESEARCH_HEALTH: '[::1]:80' }),
  ).toMatchObject({
    metrics: { host: '0.0.0.0', port: 9464 },
    health: { host: '::1', port: 80 },
  });
  for (const text of ['9464', 'host:', 'host:70000', 'host:0', 'http://host:1']) {
    expect(() => readTelemetry({ DURABLE_RESEARCH_HEALTH: text })).toThrow(
      /^DURABLE_RESEARCH_HEALTH: expected an address/,
    );
  }
});
