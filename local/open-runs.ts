import { Connection } from '@temporalio/client';
import { stackOf } from './running';
import { externalTemporal, type ConnectionOptions } from './settings';
import { readState, type SupervisorState } from './state';

/**
 * Number of open workflow executions on the task queue. From Temporal's visibility, so one started in the last second or
 * so may be missing. Rejects when the server cannot be asked.
 */
export async function countOpenRuns(
  connectionOptions: ConnectionOptions,
  namespace: string,
  taskQueue: string,
): Promise<number> {
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' });
  try {
    const query = `ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
    const { count } = await connection.withDeadline(Date.now() + 5_000, () =>
      connection.workflowService.countWorkflowExecutions({ namespace, query }),
    );
    return Number(count);
  } finally {
    await connection.close();
  }
}

/** Open runs on what the supervisor serves. Rejects when they cannot be counted. */
export function openRunsOf(state: SupervisorState, env: NodeJS.ProcessEnv): Promise<number> {
  const external = externalTemporal(env);
  const same = external && external.address === state.temporal?.address;
  const connection = same ? external.connectionOptions : { address: state.temporal?.address };
  return countOpenRuns(connection, state.namespace, state.taskQueue);
}

/** Open runs of a home whose services run; 0 where they do not. Rejects when they cannot be counted. */
export async function openRunsAt(home: string, env: NodeJS.ProcessEnv): Promise<number> {
  const state = readState(home);
  return stackOf(home, state) && state ? openRunsOf(state, env) : 0;
}
