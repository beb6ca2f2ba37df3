// A worker of the compiled code that kills itself once, at the point named by CRASH_AT, as kill -9 would; and before
// itself the processes whose ids the files of the folder CRASH_PIDS hold, so that everything dies at once.
// A marker file remembers that it happened, so that the same command started again is an ordinary worker.
const { existsSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { NativeConnection, Runtime, DefaultLogger } = require('@temporalio/worker');
const { createResearchWorker, readWorkerConfig } = require('../../dist/worker');
const { createProvider } = require('../../dist/openai');
const { createFileStore } = require('../../dist/store/files');
const { charge, others } = require('../fixtures/counting-tools');

const config = readWorkerConfig(process.env);
const marker = path.join(config.home, 'crashed');
const wanted = process.env.CRASH_AT;

function point(name) {
  if (name !== wanted || existsSync(marker)) return;
  writeFileSync(marker, name);
  const folder = process.env.CRASH_PIDS;
  const pids = folder ? readdirSync(folder).map((file) => Number(readFileSync(path.join(folder, file), 'utf8'))) : [];
  for (const pid of [...pids.filter((one) => one !== process.pid), process.pid]) process.kill(pid, 'SIGKILL');
}

/** Turns of the responses that were seen, by their ids. */
const turns = new Map();

/** The turn that a call or its result is about; undefined where it is about none. */
function turnOf([first], result) {
  const turn = result?.metadata?.turn ?? first?.metadata?.turn ?? turns.get(first?.responseId);
  if (result?.id) turns.set(result.id, turn);
  return turn;
}

/** The same object, with a point before and after each method. */
function tapped(target, room) {
  const taps = Object.entries(target).map(([name, value]) => {
    if (typeof value !== 'function') return [name, value];
    const call = async (...args) => {
      point(`before ${room}.${name}`);
      point(`before ${room}.${name} of turn ${turnOf(args)}`);
      const result = await value(...args);
      const status = result && typeof result.status === 'string' ? ` (${result.status})` : '';
      point(`after ${room}.${name}`);
      point(`after ${room}.${name}${status}`);
      point(`after ${room}.${name}${status} of turn ${turnOf(args, result)}`);
      return result;
    };
    return [name, call];
  });
  return Object.fromEntries(taps);
}

/** The same tool, with a point before and after its function. */
function tappedTool(tool) {
  const execute = async (...args) => {
    point(`before tool.${tool.name}`);
    const result = await tool.execute(...args);
    point(`after tool.${tool.name}`);
    return result;
  };
  return { ...tool, execute };
}

async function main() {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
  const provider = tapped(createProvider(config.provider), 'provider');
  const store = tapped(createFileStore(config.home), 'store');
  const tools = [charge, ...others].map(tappedTool);
  const deps = { provider, store };
  const research = await createResearchWorker({ config, connection, namespace: 'default', deps, tools });
  process.stdout.write('ready\n');
  await research.run();
  await connection.close();
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
