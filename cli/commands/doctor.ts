import { doctor as examine, homeDirectory } from '../../local';
import { checkWorkerSettings } from '../check-worker-settings';
import { EXIT } from '../exit-codes';
import { outStyle, print, sizeOf } from '../terminal';
import { doctorLines } from '../views/doctor';

/** Shows what is found, what is missing and what to do. Returns the exit code: 1 where a run cannot start. */
export async function doctor(): Promise<number> {
  const { env } = process;
  const findings = [...(await examine(env, homeDirectory(env))), await checkWorkerSettings(env)];
  const style = outStyle();
  for (const line of doctorLines(findings, sizeOf(process.stdout).width, style)) print(line);
  const failed = findings.some(({ status }) => status === 'fail');
  print('');
  print(failed ? style('bad', 'A run cannot start yet.') : style('good', 'A run can start.'));
  return failed ? EXIT.failed : EXIT.completed;
}
