import { homeDirectory, openRunsAt, stop as stopServices } from '../../local';
import { invocation } from '../invocation';
import { messageOf } from '../errors';
import { EXIT } from '../exit-codes';
import { ProgressLine } from '../session';
import { note, print } from '../terminal';
import { counted } from '../text/format';

/** Ends the background services of this home. Open runs wait for the next start. Returns the exit code. */
export async function stop(): Promise<number> {
  const home = homeDirectory(process.env);
  const waiting = await waitingText(home);
  const progress = new ProgressLine();
  const { stopped, killed } = await stopServices(home, { onProgress: (text) => progress.show(text) });
  progress.end();
  if (stopped.length === 0) {
    note(`Nothing runs for ${home}.`);
    return EXIT.completed;
  }
  print(`Stopped ${stopped.join(', ')}.`);
  if (killed.length > 0) print(`Did not end in time and was killed: ${killed.join(', ')}.`);
  if (waiting !== undefined) print(waiting);
  return EXIT.completed;
}

/** What is said of open runs; undefined where there is none. */
async function waitingText(home: string): Promise<string | undefined> {
  try {
    const open = await openRunsAt(home, process.env);
    if (open === 0) return undefined;
    return `${counted(open, 'open run')} ${open === 1 ? 'waits' : 'wait'} for: ${invocation('resume')}`;
  } catch (error) {
    return `Open runs could not be counted (${messageOf(error)}). If there are any, they wait for: ${invocation('resume')}`;
  }
}
