import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InvalidInputError } from '../../contract/issues';
import { ProviderError } from '../port';
import { type FolderFile } from './folder';
import { type Uploaded, type UploadJournal } from './journal';
import { type Member, type VectorStores } from './vector-store';

const CONCURRENCY = 4;
/** Longest attribute of a file in a vector store. */
const MAX_ATTRIBUTE_CHARS = 512;

/** One step of an upload: `done` of `total` files have got so far, `name` is the last of them. */
export type UploadProgress = { stage: 'upload' | 'processing'; done: number; total: number; name: string };

/** An upload on its way. */
export type Upload = {
  stores: VectorStores;
  journal: UploadJournal;
  uploaded: Uploaded;
  report: (progress: UploadProgress) => void;
  /** Name of the file that was sent in this call, by content. */
  sent: Map<string, string>;
  /** Why the provider refused a file, by content. */
  refused: Map<string, string>;
};

/** Sends what the vector store lacks. */
export async function sendMissing(upload: Upload, contents: readonly FolderFile[]): Promise<void> {
  const present = await membersByContent(upload);
  let done = 0;
  await eachOf(contents, async (file) => {
    try {
      await send(upload, file, present.get(file.sha256)?.[0]);
    } catch (error) {
      // What concerns the account or the connection would concern every file.
      if (!(error instanceof ProviderError && error.type === 'InvalidRequest')) throw error;
      upload.refused.set(file.sha256, error.message);
    }
    done += 1;
    upload.report({ stage: 'upload', done, total: contents.length, name: file.name });
  });
}

async function send({ stores, journal, uploaded, sent }: Upload, file: FolderFile, member?: Member): Promise<void> {
  const { vectorStoreId, fileIds } = uploaded;
  const attributes = { path: file.name.slice(0, MAX_ATTRIBUTE_CHARS), sha256: file.sha256 };
  if (member && !mayPass(member)) return;
  if (member) await stores.detach(vectorStoreId, member.id);
  const known = member?.id ?? fileIds.get(file.sha256);
  if (known !== undefined && (await stores.attach(vectorStoreId, known, attributes))) return;
  const content = await readFile(file.path);
  if (createHash('sha256').update(content).digest('hex') !== file.sha256) {
    throw new InvalidInputError('folder', [{ path: [file.name], message: 'changed while it was read; start again' }]);
  }
  const fileId = await stores.upload(file.wireName, content);
  await journal.addFile(file.sha256, fileId);
  sent.set(file.sha256, file.name);
  if (!(await stores.attach(vectorStoreId, fileId, attributes))) {
    throw new ProviderError('InvalidRequest', `the provider lost ${file.name} (${fileId}) right after its upload`);
  }
}

/** True for a file that the provider failed to read by its own fault. */
function mayPass({ status, last_error: error }: Member): boolean {
  return status === 'cancelled' || (status === 'failed' && error?.code === 'server_error');
}

/** The files of the vector store by their content; more than one where two calls sent it at once. */
export async function membersByContent({ stores, uploaded }: Upload): Promise<Map<string, Member[]>> {
  const byContent = new Map<string, Member[]>();
  for (const member of await stores.members(uploaded.vectorStoreId)) {
    const sha256 = String(member.attributes?.['sha256'] ?? '');
    byContent.set(sha256, [...(byContent.get(sha256) ?? []), member]);
  }
  return byContent;
}

/** Runs a task for each item, a few at a time; after the first error nothing more is begun. */
async function eachOf<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const work = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) {
      await task(item).catch((error: unknown) => {
        rest.length = 0;
        throw error;
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: CONCURRENCY }, work));
  const broken = results.find((result) => result.status === 'rejected');
  if (broken) throw broken.reason;
}
