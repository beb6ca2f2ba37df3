// How many requests a second the emulator answers, what open responses cost in memory, and how long it takes to be back
// after kill -9. Linux only, since memory is read from /proc. Figures depend on the machine; their ratios much less.
const { mkdtempSync, rmSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { rate, send } = require('./load');
const { startServer } = require('./server');

const HELP = `node bench/emulator.js [--open N] [--retrieves N]
  --open N        open background responses, reached in four steps (default 10000)
  --retrieves N   retrieves in a row while memory is watched (default 1000000; 0 leaves them out)
`;
const RATE_RETRIEVES = 10_000;
const MEMORY_SAMPLES = 10;
const FLAGS = ['--seconds', '360000'];

/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */

const write = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
const cell = (/** @type {number} */ value) => value.toFixed().padStart(12);

function readFlags() {
  const text = /** @type {const} */ ({ type: 'string' });
  const { values } = parseArgs({ options: { open: text, retrieves: text, help: { type: 'boolean' } } });
  if (values.help) return undefined;
  return {
    open: toCount('--open', values.open ?? '10000', 4),
    retrieves: toCount('--retrieves', values.retrieves ?? '1000000', 0),
  };
}

/** @param {string} flag @param {string} value @param {number} least */
function toCount(flag, value, least) {
  const count = Number(value);
  if (/^\d+$/.test(value) && count >= least) return count;
  throw new Error(`${flag} expects a whole number of at least ${least}, but got '${value}'.\n${HELP}`);
}

/**
 * Opens responses up to `open` in four steps; at each: rates, memory, and the time to be back after kill -9.
 * @param {string} data @param {number} open
 */
async function grow(data, open) {
  /** @type {string[]} */
  const ids = [];
  write('        open   creates/s  retrieves/s   memory MB  back after kill -9, ms');
  let server = await startServer(data, FLAGS);
  const empty = server.memory();
  write(`${cell(0)}${' '.repeat(24)}${cell(empty)}${cell(server.startMs)}`);
  for (const share of [0.1, 0.25, 0.5, 1]) {
    const creates = await create(server, ids, Math.round(open * share));
    const retrieves = await rate(RATE_RETRIEVES, (index) => retrieve(server, ids, index));
    const memory = server.memory();
    await server.kill();
    server = await startServer(data, FLAGS);
    await checkOpen(server, ids);
    write(`${cell(ids.length)}${cell(creates)}${cell(retrieves)}${cell(memory)}${cell(server.startMs)}`);
  }
  return { server, ids };
}

/** @param {Server} server @param {string[]} ids @param {number} target */
function create(server, ids, target) {
  const body = JSON.stringify({ model: 'gpt-4.1', input: 'How does Raft elect a leader?', background: true });
  return rate(target - ids.length, async () => {
    const created = /** @type {{ id: string }} */ (
      await send({ method: 'POST', url: `${server.url}/responses`, body })
    );
    ids.push(created.id);
  });
}

/** @param {Server} server @param {string[]} ids @param {number} index */
function retrieve(server, ids, index) {
  return send({ method: 'GET', url: `${server.url}/responses/${ids[index % ids.length]}` });
}

/** Nothing may be missing after kill -9. @param {Server} server @param {string[]} ids */
async function checkOpen(server, ids) {
  const status = /** @type {{ counts: { responses_by_status: Record<string, number> } }} */ (
    await send({ method: 'GET', url: new URL('/emulator/status', server.url).href })
  );
  const { queued = 0, in_progress: running = 0 } = status.counts.responses_by_status;
  if (queued + running !== ids.length) {
    throw new Error(`${ids.length} responses were open before kill -9, ${queued + running} after it`);
  }
}

/** @param {Server} server @param {string[]} ids @param {number} count */
async function watchMemory(server, ids, count) {
  write(`\n   retrieves   memory MB (${ids.length} responses open)`);
  const samples = [];
  for (let sample = 1; sample <= MEMORY_SAMPLES; sample++) {
    await rate(Math.ceil(count / MEMORY_SAMPLES), (index) => retrieve(server, ids, index));
    samples.push(server.memory());
    write(`${cell(Math.ceil(count / MEMORY_SAMPLES) * sample)}${cell(server.memory())}`);
  }
  write(
    `memory after the last tenth is ${((samples.at(-1) ?? 0) / (samples[0] ?? 1)).toFixed(2)} times that after the first`,
  );
}

async function main() {
  const flags = readFlags();
  if (!flags) {
    process.stdout.write(HELP);
    return;
  }
  const data = mkdtempSync(path.join(os.tmpdir(), 'bench-emulator-'));
  try {
    const { server, ids } = await grow(data, flags.open);
    if (flags.retrieves > 0) await watchMemory(server, ids, flags.retrieves);
    await server.kill();
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

main().then(
  () => process.exit(0),
  (/** @type {unknown} */ error) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
