'use strict';
// A PostgreSQL of its own in a folder of its own: no cluster of the system is touched.

const { execFileSync } = require('node:child_process');
const { chownSync, mkdirSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { MissingProgramError } = require('./programs');

/** PostgreSQL refuses to run as root; this is the account that its packages make. */
const ACCOUNT = 'postgres';

/** Numbers of the account that PostgreSQL runs as; undefined when it may run as whoever runs this. */
function otherAccount() {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, ACCOUNT], { encoding: 'utf8' })));
    return { uid: Number(uid), gid: Number(gid) };
  } catch (error) {
    throw new MissingProgramError(`PostgreSQL does not run as root, and there is no account ${ACCOUNT}`, {
      cause: error,
    });
  }
}

/** The command line that runs a program as the account. */
function asAccount(/** @type {{ uid: number, gid: number } | undefined} */ account) {
  if (!account) return [];
  return ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', '--'];
}

/**
 * Makes a database cluster in `folder` whose superuser `temporal` has `password`, and returns how to run it.
 *
 * @param {{ programs: string, folder: string, port: number, password: string }} options
 */
function preparePostgres({ programs, folder, port, password }) {
  const account = otherAccount();
  const data = path.join(folder, 'data');
  const passwordFile = path.join(folder, 'password');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account) for (const file of [folder, passwordFile]) chownSync(file, account.uid, account.gid);

  const as = asAccount(account);
  const setUp = [...as, path.join(programs, 'initdb'), '--pgdata', data, '--username=temporal', '--encoding=UTF8'];
  setUp.push('--no-locale', '--auth=scram-sha-256', `--pwfile=${passwordFile}`);
  execFileSync(String(setUp[0]), setUp.slice(1), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  rmSync(passwordFile);

  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '' };
  const run = [...as, path.join(programs, 'postgres'), '-D', data];
  for (const [name, value] of Object.entries(settings)) run.push('-c', `${name}=${value}`);
  return { command: String(run[0]), args: run.slice(1), cwd: folder };
}

module.exports = { preparePostgres };
