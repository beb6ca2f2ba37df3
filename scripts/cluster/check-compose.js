'use strict';
// Reads what `docker compose config --format json` prints and checks what the compose tool does not: that every file it
// mounts exists, that whatever stays up says whether it is well, that nothing listens beyond this machine, and that the
// build sees every folder it compiles. Ends with 1 and the list of what is wrong.

const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');

/** The worker's own time to have a create recorded, in seconds; killed before it ends, one may be paid twice. */
const WORKER_GRACE_SECONDS = 40;

/**
 * @typedef {{ type: string, source: string }} Mount
 * @typedef {{ image?: string, build?: unknown, restart?: string, healthcheck?: unknown, stop_grace_period?: string,
 *   volumes?: Mount[], ports?: { host_ip?: string, published?: string }[], environment?: Record<string, string> }} Service
 */

/** Seconds of a duration as compose prints it: `1m35s`. */
function seconds(/** @type {string | undefined} */ duration) {
  const [, minutes, rest] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration ?? '') ?? [];
  return Number(minutes ?? 0) * 60 + Number(rest ?? 0);
}

/** @returns {string[]} what is wrong with one service */
function problemsOf(/** @type {string} */ name, /** @type {Service} */ service) {
  const staysUp = service.restart === 'unless-stopped';
  const missing = (service.volumes ?? []).filter(({ type, source }) => type === 'bind' && !existsSync(source));
  const open = (service.ports ?? []).filter(({ host_ip: host }) => host !== '127.0.0.1');
  return [
    ...missing.map(({ source }) => `mounts ${source}, which does not exist`),
    ...open.map(({ published }) => `opens port ${published ?? '?'} beyond 127.0.0.1`),
    ...(staysUp && !service.healthcheck ? ['stays up but has no health check'] : []),
    ...(service.build || /:[\w.-]*\d/.test(service.image ?? '') ? [] : ['has an image without a version']),
    ...(service.environment?.['OPENAI_API_KEY'] ? ['has a key although none was set'] : []),
  ].map((problem) => `service ${name} ${problem}`);
}

/** @returns {string[]} folders that the build compiles and .dockerignore keeps from it */
function unseenByBuild() {
  const included = /"include":\s*\[([^\]]*)\]/.exec(readFileSync('tsconfig.build.json', 'utf8'))?.[1] ?? '';
  const allowed = new Set(readFileSync('.dockerignore', 'utf8').split('\n'));
  const folders = [...included.matchAll(/"([^"]+)"/g)].map(([, folder]) => folder);
  return folders.filter((folder) => !allowed.has(`!${folder}`)).map((folder) => `.dockerignore leaves out ${folder}`);
}

process.chdir(path.resolve(__dirname, '../..'));
/** @type {{ services: Record<string, Service> }} */
const { services } = JSON.parse(readFileSync(0, 'utf8'));
const problems = Object.entries(services).flatMap(([name, service]) => problemsOf(name, service));
if (seconds(services['worker']?.stop_grace_period) <= WORKER_GRACE_SECONDS) {
  problems.push(`service worker is killed ${WORKER_GRACE_SECONDS} s after SIGTERM or sooner: raise stop_grace_period`);
}
problems.push(...unseenByBuild());
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
