import { basename } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { replayHistory } from '../../worker';
import { UsageError } from '../errors';
import { EXIT } from '../exit-codes';
import { readJsonFile } from '../load-pipeline';
import { outStyle, print } from '../terminal';

/** Replays stored histories against the workflows of this build. Returns the exit code: 1 when any does not fit. */
export async function replay(files: readonly string[]): Promise<number> {
  // The SDK reports what it replays as warnings and errors of its own; the outcome is told here.
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
  let failed = 0;
  for (const file of files) {
    const { error } = await replayFile(file);
    if (error) failed += 1;
    print(
      error ? `${outStyle()('bad', 'FAILED')} ${file}: ${firstLine(error)}` : `${outStyle()('good', 'OK')}     ${file}`,
    );
  }
  return failed === 0 ? EXIT.completed : EXIT.failed;
}

async function replayFile(file: string): ReturnType<typeof replayHistory> {
  const history = await readJsonFile(file);
  try {
    return await replayHistory(history, basename(file, '.json'));
  } catch (error) {
    if (error instanceof Error && error.name === 'NotAHistoryError')
      throw new UsageError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

function firstLine({ name, message }: Error): string {
  return `${name}: ${message.split('\n')[0] ?? ''}`;
}
