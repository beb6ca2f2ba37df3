'use strict';
// Health check of a worker's container: ends with 0 when a worker of this host polls the task queue, else with 1 and why.
// Connects by the same TEMPORAL_* variables as the worker.

const os = require('node:os');
const { Connection } = require('@temporalio/client');
const { loadClientConnectConfig } = require('@temporalio/envconfig');

/** A poll waits for a task for up to a minute, so a live worker was last seen less than this ago, in milliseconds. */
const STALE_AFTER_MS = 150_000;
/** Numbers of `temporal.api.enums.v1`: the mode that asks every partition of the queue, and the two kinds of tasks. */
const ENHANCED = 1;
const KINDS = { workflow: 1, activity: 2 };

/** Identities of a worker end in `@<host name>` unless it was given another. */
function isOfThisHost(/** @type {{ identity?: string | null }} */ poller) {
  return poller.identity?.endsWith(`@${os.hostname()}`) ?? false;
}

function isFresh(/** @type {{ lastAccessTime?: { seconds?: unknown } | null }} */ poller) {
  return Date.now() - Number(poller.lastAccessTime?.seconds ?? 0) * 1000 < STALE_AFTER_MS;
}

async function check() {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const taskQueue = process.env['TEMPORAL_TASK_QUEUE'] || 'durable-research';
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' });
  const { versionsInfo } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum's package is no dependency of ours
    apiMode: ENHANCED,
    reportPollers: true,
    // Without this, only pollers without a deployment version are told of.
    versions: { unversioned: true, allActive: true },
  });
  const byKind = Object.values(versionsInfo ?? {}).map((version) => version.typesInfo ?? {});
  for (const [kind, number] of Object.entries(KINDS)) {
    const pollers = byKind.flatMap((types) => types[number]?.pollers ?? []).filter(isOfThisHost);
    if (!pollers.some(isFresh)) {
      throw new Error(
        `no worker of host ${os.hostname()} polls task queue ${taskQueue} of namespace ${namespace} for ${kind} tasks`,
      );
    }
  }
}

check().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`unhealthy: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
