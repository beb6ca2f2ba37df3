import { Connection } from '@temporalio/client';
import type { ConnectionOptions } from './settings';

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
