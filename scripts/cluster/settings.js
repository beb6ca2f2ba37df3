'use strict';
// What the services of the native cluster are told beyond what deploy/ says: ports and an environment without the person's
// own settings.

const { readFileSync } = require('node:fs');
const path = require('node:path');
const { choosePort } = require('../../dist/local/ports');
const { ROOT } = require('./programs');

/** Variables of this process that speak of other servers, or hold keys that are none of the services' business. */
function plainEnvironment() {
  const foreign = /^(TEMPORAL|OPENAI|DURABLE_RESEARCH|PG|POSTGRES|SQL)_?/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

/** The settings that the compose file reads from deploy/temporal/server.env. */
function serverSettings() {
  const lines = readFileSync(path.join(ROOT, 'deploy/temporal/server.env'), 'utf8').split('\n');
  return Object.fromEntries(lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/).slice(0, 2)));
}

/**
 * The server's ports by the names of its settings. It writes membership ports into its table of members, where PostgreSQL
 * keeps them as 16-bit integers: `choosePort` gives none above.
 */
async function serverPorts() {
  /** @type {Record<string, string>} */
  const ports = { FRONTEND_HTTP_PORT: String(await choosePort()) };
  for (const service of ['FRONTEND', 'MATCHING', 'HISTORY', 'WORKER']) {
    ports[`${service}_GRPC_PORT`] = String(await choosePort());
    ports[`${service}_MEMBERSHIP_PORT`] = String(await choosePort());
  }
  return ports;
}

module.exports = { plainEnvironment, serverPorts, serverSettings };
