'use strict';
// The services of docker-compose.temporal.yml as processes of this machine, started in the same order, by the same
// scripts and settings of deploy/, and looked at by the same health checks.

const { execFile } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const { chmodSync, mkdirSync, mkdtempSync, rmSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { messageOf } = require('../../dist/local/errors');
const { choosePort, isListening, LOOPBACK } = require('../../dist/local/ports');
const { preparePostgres } = require('./postgres');
const { ROOT } = require('./programs');
const { Service } = require('./service');
const { plainEnvironment, serverPorts, serverSettings } = require('./settings');

const run = promisify(execFile);

const NAMESPACE = 'default';
const TASK_QUEUE = 'durable-research';
const EMULATOR_SPEED = 10;
/** The worker's own time is 40 s; the others end at once. */
const WORKER_GRACE_MS = 60_000;
const GRACE_MS = 10_000;

/**
 * @typedef {object} ClusterOptions
 * @property {import('./programs').Programs} programs
 * @property {(service: string, pid: number) => void} onStart called at each start of a service
 * @property {(message: string) => void} report
 *
 * @typedef {{ temporal: string, ui: string, emulator: string, postgres: string, directory: string, cli: string,
 *   namespace: string, taskQueue: string }} Addresses
 */

/** Whether a command ends with 0: a health check. */
async function succeeds(
  /** @type {string} */ command,
  /** @type {string[]} */ args,
  /** @type {NodeJS.ProcessEnv} */ env,
) {
  return run(command, args, { env, cwd: ROOT }).then(
    () => true,
    () => false,
  );
}

async function answers(/** @type {string} */ url) {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** The cluster; `start` once, `stop` once. */
class Cluster {
  /** @type {InstanceType<typeof Service>[]} */
  #services = [];
  #stopped = false;
  #password = randomBytes(18).toString('base64url');
  #env = plainEnvironment();

  /** @param {ClusterOptions} options */
  constructor(options) {
    this.options = options;
    this.directory = mkdtempSync(path.join(os.tmpdir(), 'durable-research-cluster-'));
    // PostgreSQL may run as another account, which must reach its own folder in here.
    chmodSync(this.directory, 0o711);
    mkdirSync(path.join(this.directory, 'logs'), { mode: 0o700 });
  }

  /** @returns {Promise<Addresses>} settles when every service is well */
  async start() {
    const postgres = await this.#startPostgres();
    await this.#setUpSchema(postgres);
    const temporal = await this.#startTemporal(postgres);
    await this.#createNamespace(temporal);
    const ui = await this.#startUi(temporal);
    const emulator = await this.#startEmulator();
    await this.#startWorker(temporal, emulator);
    return {
      temporal,
      ui: `http://${LOOPBACK}:${ui}`,
      emulator,
      postgres: `${LOOPBACK}:${postgres}`,
      directory: this.directory,
      cli: this.options.programs.cli,
      namespace: NAMESPACE,
      taskQueue: TASK_QUEUE,
    };
  }

  /** Ends every service, the last started first, and removes what they kept. */
  async stop() {
    this.#stopped = true;
    for (const service of this.#services.toReversed()) await service.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /**
   * @param {string} name
   * @param {Pick<import('./service').ServiceOptions, 'command' | 'args' | 'env' | 'cwd' | 'isReady'>} options
   */
  async #startService(name, options, stopGraceMs = GRACE_MS) {
    if (this.#stopped) throw new Error(`${name} is not started: the cluster was stopped`);
    const service = new Service({
      ...options,
      name,
      stopGraceMs,
      logFile: path.join(this.directory, 'logs', `${name}.log`),
      onStart: (pid) => this.options.onStart(name, pid),
      report: this.options.report,
    });
    this.#services.push(service);
    await service.start();
  }

  /** Runs a one-shot service of the compose file to its end. */
  async #runScript(/** @type {string} */ script, /** @type {NodeJS.ProcessEnv} */ env) {
    try {
      await run('/bin/sh', [path.join(ROOT, 'deploy/temporal', script)], { env, maxBuffer: 64 * 1024 * 1024 });
    } catch (error) {
      const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : messageOf(error);
      throw new Error(`${script} failed:\n${output.split('\n').slice(-20).join('\n')}`, { cause: error });
    }
  }

  async #startPostgres() {
    const { postgres: programs } = this.options.programs;
    const port = await choosePort();
    const folder = path.join(this.directory, 'postgres');
    const command = preparePostgres({ programs, folder, port, password: this.#password });
    const isReady = () =>
      succeeds(path.join(programs, 'pg_isready'), ['-h', LOOPBACK, '-p', String(port), '-U', 'temporal'], this.#env);
    await this.#startService('postgres', { ...command, env: this.#env, isReady });
    return port;
  }

  async #setUpSchema(/** @type {number} */ postgres) {
    const { sqlTool, schemas } = this.options.programs;
    await this.#runScript('setup-schema.sh', {
      ...this.#env,
      SQL_TOOL: sqlTool,
      SCHEMA_DIR: schemas,
      SQL_PLUGIN: 'postgres12',
      SQL_HOST: LOOPBACK,
      SQL_PORT: String(postgres),
      SQL_USER: 'temporal',
      SQL_PASSWORD: this.#password,
    });
  }

  async #startTemporal(/** @type {number} */ postgres) {
    const ports = await serverPorts();
    const frontend = Number(ports['FRONTEND_GRPC_PORT']);
    await this.#startService('temporal', {
      command: this.options.programs.server,
      args: ['start'],
      env: {
        ...this.#env,
        ...serverSettings(),
        ...ports,
        POSTGRES_SEEDS: LOOPBACK,
        DB_PORT: String(postgres),
        POSTGRES_USER: 'temporal',
        POSTGRES_PWD: this.#password,
        BIND_ON_IP: LOOPBACK,
        TEMPORAL_BROADCAST_ADDRESS: LOOPBACK,
        DYNAMIC_CONFIG_FILE_PATH: path.join(ROOT, 'deploy/temporal/dynamic-config.yaml'),
      },
      isReady: () => isListening(frontend),
    });
    return `${LOOPBACK}:${frontend}`;
  }

  async #createNamespace(/** @type {string} */ temporal) {
    await this.#runScript('create-namespace.sh', {
      ...this.#env,
      TEMPORAL_CLI: this.options.programs.cli,
      TEMPORAL_ADDRESS: temporal,
      TEMPORAL_NAMESPACE: NAMESPACE,
    });
  }

  async #startUi(/** @type {string} */ temporal) {
    const { ui, uiRoot } = this.options.programs;
    const port = await choosePort();
    await this.#startService('ui', {
      command: ui,
      args: ['--root', uiRoot, '--env', 'docker', 'start'],
      env: { ...this.#env, TEMPORAL_ADDRESS: temporal, TEMPORAL_UI_PORT: String(port) },
      isReady: () => answers(`http://${LOOPBACK}:${port}/healthz`),
    });
    return port;
  }

  async #startEmulator() {
    const port = await choosePort();
    const url = `http://${LOOPBACK}:${port}`;
    const data = path.join(this.directory, 'emulator');
    const where = ['--host', LOOPBACK, '--port', String(port), '--data', data];
    await this.#startService('emulator', {
      command: process.execPath,
      args: [path.join(ROOT, 'dist/emulator/main.js'), ...where, '--speed', String(EMULATOR_SPEED)],
      env: this.#env,
      isReady: () => answers(`${url}/emulator/status`),
    });
    return url;
  }

  async #startWorker(/** @type {string} */ temporal, /** @type {string} */ emulator) {
    const env = {
      ...this.#env,
      TEMPORAL_ADDRESS: temporal,
      TEMPORAL_NAMESPACE: NAMESPACE,
      TEMPORAL_TASK_QUEUE: TASK_QUEUE,
      OPENAI_API_KEY: process.env['OPENAI_API_KEY'],
      OPENAI_BASE_URL: process.env['OPENAI_BASE_URL'],
      EMULATOR_URL: `${emulator}/v1`,
      DURABLE_RESEARCH_HOME: path.join(this.directory, 'output'),
    };
    const isReady = () => succeeds(process.execPath, ['deploy/worker/health.js'], env);
    const command = { command: '/bin/sh', args: ['deploy/worker/start.sh'], cwd: ROOT, env, isReady };
    await this.#startService('worker', command, WORKER_GRACE_MS);
  }
}

module.exports = { Cluster };
