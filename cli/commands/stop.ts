import { homeDirectory, stop as stopServices } from '../../local';
import { invocation } from '../invocation';
import { EXIT } from '../exit-codes';
import { ProgressLine } from '../session';
import { note, print } from '../terminal';

/** Ends the background services of this home. Open runs wait for the next start. Returns the exit code. */
export async function stop(): Promise<number> {
  const home = homeDirectory(process.env);
  const progress = new ProgressLine();
  const { stopped, killed } = await stopServices(home, { onProgress: (text) => progress.show(text) });
  progress.end();
  if (stopped.length === 0) {
    note(`Nothing runs for ${home}.`);
    return EXIT.completed;
  }
  print(`Stopped ${stopped.join(', ')}.`);
  if (killed.length > 0) print(`Did not end in time and was killed: ${killed.join(', ')}.`);
  print(`Open runs wait for: ${invocation('resume')}`);
  return EXIT.completed;
}
