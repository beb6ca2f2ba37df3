import { decisiveSettings, homeDirectory, runForeground } from '../../local';
import { invocation } from '../invocation';
import { EXIT } from '../exit-codes';
import { note, noteStyle } from '../terminal';

/** Runs the services of this home in this terminal until Ctrl-C. Returns the exit code. */
export async function dev(): Promise<number> {
  const style = noteStyle();
  await runForeground({
    home: homeDirectory(process.env),
    onLine: (line) => note(style('quiet', line)),
    onReady: ({ temporal, provider, taskQueue }) => {
      note(style('good', `Ready. Start runs in another terminal: ${invocation('run "your question"')}`));
      const settings = decisiveSettings(process.env);
      if (settings.length > 0) note(`  There, set what is set here: ${settings.join(', ')}`);
      note(`  Temporal    ${temporal.address}${temporal.uiUrl === undefined ? '' : `, UI ${temporal.uiUrl}`}`);
      note(`  task queue  ${taskQueue}`);
      const speed = provider.kind === 'emulator' ? `, the offline emulator at speed ${provider.speed ?? 1}` : '';
      note(`  provider    ${provider.baseUrl}${speed}`);
    },
  });
  return EXIT.completed;
}
