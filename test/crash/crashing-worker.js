// A worker of the compiled code that kills itself once, at the point named by CRASH_AT, as kill -9 would.
// A marker file remembers that it happened, so that the same command started again is an ordinary worker.
const { existsSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { NativeConnection, Runtime, DefaultLogger } = require('@temporalio/worker');
const { createResearchWorker, readWorkerConfig } = require('../../dist/worker');
const { createProvider } = require('../../dist/openai');
const { createFileStore } = require('../../dist/store/files');

const config = readWorkerConfig(process.env);
const marker = path.join(config.home, 'crashed');
const wanted = process.env.CRASH_AT;

function point(name) {
  if (name !== wanted || existsSync(marker)) return;
  writeFileSync(marker, name);
  process.kill(process.pid, 'SIGKILL');
}

/** The same object, with a point before and after each method. */
function tapped(target, room) {
  const taps = Object.entries(target).map(([name, value]) => {
    if (typeof value !== 'function') return [name, value];
    const call = async (...args) => {
      point(`before ${room}.${name}`);
      const result = await value(...args);
      const status = result && typeof result.status === 'string' ? ` (${result.status})` : '';
      point(`after ${room}.${name}`);
      point(`after ${room}.${name}${status}`);
      return result;
    };
    return [name, call];
  });
  return Object.fromEntries(taps);
}

async function main() {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
  const provider = tapped(createProvider(config.provider), 'provider');
  const store = tapped(createFileStore(config.home), 'store');
  const research = await createResearchWorker({ config, connection, namespace: 'default', deps: { provider, store } });
  await research.run();
  await connection.close();
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
