import { providerEnvironment } from './provider-environment';
import { ProgressLine, type StartedSession } from './session';
import { note, noteStyle } from './terminal';
import { counted } from './text/format';

/** Most files that are named one by one where they could not be used. */
const MAX_NAMED = 10;

/** Uploads a folder to the provider of the run, and returns the id of its vector store. */
export async function uploadForRun({ stack }: StartedSession, directory: string): Promise<string> {
  const { uploadFiles } = await import('../worker/index.js');
  const progress = new ProgressLine();
  try {
    const { vectorStoreId, files, failed, skipped } = await uploadFiles(providerEnvironment(stack, process.env), {
      directory,
      onProgress: ({ stage, done, total, name }) => {
        // One line for each file would be too many where they are not written over each other.
        if (process.stderr.isTTY || done === total) progress.show(`${STAGES[stage]}: ${done} of ${total}  ${name}`);
      },
    });
    progress.end();
    const reused = files.filter((file) => file.reused).length;
    const known = reused > 0 ? ` (${reused} uploaded before)` : '';
    note(noteStyle()('quiet', `${counted(files.length, 'file')} of ${directory} can be searched${known}.`));
    warnAbout(failed, 'could not be read');
    warnAbout(skipped, 'left out');
    return vectorStoreId;
  } finally {
    progress.end();
  }
}

/** What has been done so far. Files that were uploaded before count too, so it does not speak of uploading. */
const STAGES = { upload: 'at the provider', processing: 'read there' } as const;

function warnAbout(files: readonly { name: string; reason: string }[], what: string): void {
  if (files.length === 0) return;
  note(noteStyle()('warn', `${counted(files.length, 'file')} ${what}:`));
  for (const { name, reason } of files.slice(0, MAX_NAMED)) note(noteStyle()('quiet', `  ${name}: ${reason}`));
  if (files.length > MAX_NAMED) note(noteStyle()('quiet', `  and ${files.length - MAX_NAMED} more`));
}
