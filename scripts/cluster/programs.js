'use strict';
// Finds or builds the programs that the images of docker-compose.temporal.yml contain, in the same versions.

const { execFileSync } = require('node:child_process');
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { findTemporal } = require('../../dist/local');
const { messageOf } = require('../../dist/local/errors');

const ROOT = path.resolve(__dirname, '../..');
const COMPOSE_FILE = path.join(ROOT, 'docker-compose.temporal.yml');
/** Where Debian and its kin keep the server's programs, which are not on the PATH there. */
const DEBIAN_POSTGRES = '/usr/lib/postgresql';
const GO_MISSING = 3;

/** Thrown when a program is neither here nor can be built; the message says what to install. */
class MissingProgramError extends Error {}

/** @typedef {(message: string) => void} Report */

/** The version that an image has in the compose file unless `variable` is set. */
function composeVersion(/** @type {string} */ variable) {
  const version = new RegExp(`\\$\\{${variable}:-([^}]+)\\}`).exec(readFileSync(COMPOSE_FILE, 'utf8'))?.[1];
  if (!version) throw new Error(`${COMPOSE_FILE} names no version as \${${variable}:-…}`);
  return version;
}

/** Path of a program that is built from Go modules, once a user. */
function goInstall(/** @type {string} */ name, /** @type {string} */ module) {
  try {
    const script = path.join(__dirname, 'go-install.sh');
    return execFileSync(script, [name, module], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === GO_MISSING) {
      throw new MissingProgramError('Go is missing, which builds the Temporal server: https://go.dev/doc/install');
    }
    throw error;
  }
}

/** Folder with the files of a Go module: schemas and configuration that its programs need beside them. */
function goModule(/** @type {string} */ module) {
  const env = { ...process.env, GOFLAGS: '', GO111MODULE: 'on', GOWORK: 'off' };
  const answer = execFileSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8', env, cwd: __dirname });
  return String(JSON.parse(answer).Dir);
}

function byNewestVersion(/** @type {string} */ a, /** @type {string} */ b) {
  return Number(b) - Number(a);
}

/** Folder with `initdb` and `postgres`. */
function postgresPrograms() {
  const installed = existsSync(DEBIAN_POSTGRES) ? readdirSync(DEBIAN_POSTGRES) : [];
  const folders = [
    ...installed.toSorted(byNewestVersion).map((version) => path.join(DEBIAN_POSTGRES, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(path.delimiter),
  ];
  const found = folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(path.join(folder, name))));
  if (!found) {
    throw new MissingProgramError('the PostgreSQL server (initdb, postgres) is missing: apt-get install postgresql');
  }
  return found;
}

/** The Temporal CLI of this machine, else the one that the project keeps for a user. */
async function temporalCli(/** @type {Report} */ report) {
  const { TEMPORAL_ADDRESS: _elsewhere, ...env } = process.env;
  try {
    const found = await findTemporal({ env, onProgress: report });
    return found.kind === 'executable' ? found.path : '';
  } catch (error) {
    throw new MissingProgramError(messageOf(error), { cause: error });
  }
}

/**
 * Everything that the native cluster is made of. Builds take some minutes the first time.
 * Throws `MissingProgramError` when something must be installed first.
 */
async function findPrograms(/** @type {Report} */ report) {
  const postgres = postgresPrograms();
  const server = composeVersion('TEMPORAL_VERSION');
  const ui = composeVersion('TEMPORAL_UI_VERSION');
  return {
    postgres,
    server: goInstall(`temporal-server-${server}`, `go.temporal.io/server/cmd/server@v${server}`),
    sqlTool: goInstall(`temporal-sql-tool-${server}`, `go.temporal.io/server/cmd/tools/sql@v${server}`),
    schemas: path.join(goModule(`go.temporal.io/server@v${server}`), 'schema/postgresql/v12'),
    ui: goInstall(`temporal-ui-${ui}`, `github.com/temporalio/ui-server/v2/cmd/server@v${ui}`),
    uiRoot: goModule(`github.com/temporalio/ui-server/v2@v${ui}`),
    cli: await temporalCli(report),
  };
}

/** @typedef {Awaited<ReturnType<typeof findPrograms>>} Programs */

module.exports = { ROOT, MissingProgramError, findPrograms, postgresPrograms };
