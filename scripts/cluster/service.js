'use strict';
// One service of the native cluster: kept running, its output in a log file.

const { createWriteStream } = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');
const { describeExit, startKept } = require('../../dist/local/kept-process');
const { LastLines } = require('../../dist/local/last-lines');

const RESTART_DELAY_MS = 1_000;
const READY_TIMEOUT_MS = 90_000;
const LOOK_INTERVAL_MS = 100;

/**
 * @typedef {object} ServiceOptions
 * @property {string} name
 * @property {string} command
 * @property {string[]} args
 * @property {NodeJS.ProcessEnv} env
 * @property {string} [cwd]
 * @property {string} logFile
 * @property {() => boolean | Promise<boolean>} isReady
 * @property {number} stopGraceMs time from SIGTERM to SIGKILL, in milliseconds
 * @property {(pid: number) => void} onStart called at each start
 * @property {(message: string) => void} report
 */

/** A program that is started again whenever it ends, as compose does with `restart: unless-stopped`. */
class Service {
  /** @type {import('../../dist/local/kept-process').KeptProcess | undefined} */
  #process;
  #stopping = false;
  #lastLines = new LastLines();

  /** @param {ServiceOptions} options */
  constructor(options) {
    this.options = options;
    this.log = createWriteStream(options.logFile, { flags: 'a' });
  }

  /** Starts it and waits until it is ready. Throws with the end of its log when that takes too long. */
  async start() {
    await this.#launch();
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (!this.#stopping && !(await this.options.isReady())) {
      if (Date.now() > deadline) {
        const { name, logFile } = this.options;
        throw new Error(`${name} was not ready within ${READY_TIMEOUT_MS / 1000} s. ${logFile} ends with
${this.#lastLines.text()}`);
      }
      await sleep(LOOK_INTERVAL_MS);
    }
  }

  async #launch() {
    const { command, args, env, cwd, onStart } = this.options;
    const onLine = (/** @type {string} */ line) => {
      this.#lastLines.add(line);
      this.log.write(`${line}\n`);
    };
    const kept = await startKept({ command, args, env, cwd, onLine });
    this.#process = kept;
    onStart(kept.id.pid);
    void kept.exited.then((exit) => this.#startAgain(exit));
  }

  async #startAgain(/** @type {import('../../dist/local/kept-process').Exit} */ exit) {
    if (this.#stopping) return;
    this.options.report(`${this.options.name} ${describeExit(exit)}; starting it again`);
    await sleep(RESTART_DELAY_MS);
    if (!this.#stopping) await this.#launch();
  }

  /** SIGTERM, after the grace SIGKILL; settles when it has ended. */
  async stop() {
    this.#stopping = true;
    await this.#process?.stop(this.options.stopGraceMs);
    this.log.end();
  }
}

module.exports = { Service };
