#!/usr/bin/env node
'use strict';
// Brings up what docker-compose.temporal.yml describes without containers and keeps it until Ctrl-C. Standard output
// carries one JSON line for each start of a service and one, `{"ready":true,…}`, with all addresses; the rest is for
// people. Ends with 77, as tests do that were skipped, when a program must be installed first.

const { Cluster } = require('./cluster');
const { MissingProgramError, findPrograms } = require('./programs');

const SKIPPED = 77;

/** @param {object} event */
function tell(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** @param {string} message */
function report(message) {
  process.stderr.write(`${message}\n`);
}

/** Settles at the first signal that asks to end. */
function interrupted() {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(signal));
  });
}

async function main() {
  const end = interrupted();
  const programs = await findPrograms(report);
  const cluster = new Cluster({ programs, report, onStart: (service, pid) => tell({ started: service, pid }) });
  try {
    const started = await Promise.race([cluster.start(), end.then(() => undefined)]);
    if (!started) return;
    tell({ ready: true, ...started });
    report(`Temporal ${started.temporal}, UI ${started.ui}, emulator ${started.emulator}/v1, PostgreSQL ${started.postgres}
Logs and data, removed at the end: ${started.directory}
Try: ${started.cli} workflow start --address ${started.temporal} --task-queue ${started.taskQueue} --type pipeline \\
       --input '{"steps":[{"id":"explain","prompt":"Explain Paxos."}]}'
Ctrl-C ends it.`);
    await end;
  } finally {
    report('ending…');
    await cluster.stop();
  }
}

main().catch((/** @type {unknown} */ error) => {
  const missing = error instanceof MissingProgramError;
  report(`${missing ? 'skipped: ' : ''}${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = missing ? SKIPPED : 1;
});
