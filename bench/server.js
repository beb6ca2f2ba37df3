// The emulator as a process of its own, with what the system says of it.
const { spawn } = require('node:child_process');
const events = require('node:events');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { createInterface } = require('node:readline');

const MAIN = path.resolve(__dirname, '../dist/emulator/main.js');

/**
 * Starts the emulator and waits until it serves.
 * @param {string} data folder of its state
 * @param {string[]} flags
 */
async function startServer(data, flags) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--data', data, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (log += text));
  // Also when the measurement itself fails.
  process.on('exit', () => child.kill('SIGKILL'));
  const [line] = await Promise.race([
    events.once(createInterface({ input: child.stdout }), 'line'),
    events
      .once(child, 'exit')
      .then(([code]) => Promise.reject(new Error(`the emulator ended with code ${code}: ${log}`))),
  ]);
  const { url } = JSON.parse(line);
  return {
    /** Base URL with /v1. */
    url: String(url),
    /** Milliseconds from the start of the process until it served. */
    startMs: performance.now() - startedAt,
    /** Resident memory in MB. */
    memory: () => residentMegabytes(child.pid),
    async kill() {
      child.kill('SIGKILL');
      await events.once(child, 'exit');
    },
  };
}

/** @param {number | undefined} pid */
function residentMegabytes(pid) {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!found) throw new Error(`the system does not say how much memory process ${pid} holds`);
  return Number(found[1]) / 1024;
}

module.exports = { startServer };
