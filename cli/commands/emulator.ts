import { emulatorFlagsHelp, parseEmulatorFlags, startEmulator } from '../../emulator';
import { messageOf, UsageError } from '../errors';
import { EXIT } from '../exit-codes';
import { note, noteStyle, print } from '../terminal';
import { untilToldToEnd } from '../until-told';

/** Runs the offline emulator of the API in this terminal until SIGINT or SIGTERM. Returns the exit code. */
export async function emulator(flags: readonly string[]): Promise<number> {
  if (flags.includes('--help') || flags.includes('-h')) {
    print(`Usage: durable-research emulator [flags]\n\n${emulatorFlagsHelp}`);
    return EXIT.completed;
  }
  const options = parseFlags(flags);
  const running = await startEmulator(options);
  print(running.url);
  note(
    noteStyle()(
      'quiet',
      `Offline emulator of the Responses API at speed ${options.speed}, data in ${options.dataDir}.`,
    ),
  );
  note(noteStyle()('quiet', 'It is no language model: it answers by quoting texts. Any key is accepted. To use it:'));
  const origin = `emulator:${running.instanceId}`;
  note(`  export OPENAI_BASE_URL=${running.url} OPENAI_API_KEY=emulator DURABLE_RESEARCH_ORIGIN=${origin}`);
  await untilToldToEnd();
  await running.close();
  return EXIT.completed;
}

function parseFlags(flags: readonly string[]): ReturnType<typeof parseEmulatorFlags> {
  try {
    return parseEmulatorFlags(flags);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}
