import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { InvalidInputError } from '../../contract/issues';
import { originOf, type ProviderSettings } from '../settings';
import { type FolderFile, folderDigest, readFolder, type Skipped } from './folder';
import { type Uploaded, UploadJournal } from './journal';
import { whenProcessed } from './processing';
import { sendMissing, type Upload, type UploadProgress } from './send';
import { fileDaysLeft, type Member, VectorStores } from './vector-store';

/** What to upload, and where to. */
export type UploadOptions = {
  directory: string;
  provider: ProviderSettings;
  /** Directory in which the journal of uploads is kept. */
  home: string;
  /** Days after its last use on which the vector store expires, 1 to 15. Default 7. */
  expiresAfterDays?: number;
  onProgress?: (progress: UploadProgress) => void;
};

/** A file that can be searched. `reused` where nothing had to be sent for it. */
type UploadedFile = { name: string; fileId: string; reused: boolean };

/** A folder in a vector store. */
export type UploadedFolder = {
  vectorStoreId: string;
  files: UploadedFile[];
  /** Files that the provider could not read, and why. */
  failed: Skipped[];
  /** Files that were not sent, and why. */
  skipped: Skipped[];
};

/**
 * Uploads a folder into a vector store and waits until every file can be searched. One vector store for each provider
 * and content: an unchanged folder gets the store it had while that has at least half its time to live, a changed one
 * gets its own, so that a run which began earlier keeps its files. A call that was killed is continued by the next.
 * Two first calls at the same moment may make two stores, each of them complete.
 * @throws InvalidInputError for a folder that cannot be used or whose files the provider could none of them read,
 *   ProviderError where the provider refuses or cannot be reached.
 */
export async function uploadFolder(options: UploadOptions): Promise<UploadedFolder> {
  const expiresAfterDays = checkDays(options.expiresAfterDays ?? 7);
  const { files, skipped } = await readFolder(options.directory);
  const digest = folderDigest(files);
  const key = createHash('sha256')
    .update(`${originOf(options.provider)}\n${digest}`)
    .digest('hex');
  const journal = new UploadJournal(join(options.home, 'uploads', `${key}.jsonl`));
  const stores = new VectorStores(options.provider);
  const uploaded = await openStore({ stores, journal, digest, expiresAfterDays });

  const report = options.onProgress ?? (() => undefined);
  const upload: Upload = { stores, journal, uploaded, report, sent: new Map(), refused: new Map() };
  const contents = distinct(files);
  await sendMissing(upload, contents);
  const members = await whenProcessed(upload, contents);
  const result = { vectorStoreId: uploaded.vectorStoreId, skipped, ...outcome(files, upload, members) };
  if (result.files.length > 0) return result;
  const issues = result.failed.map(({ name, reason }) => ({ path: [name], message: reason }));
  throw new InvalidInputError(`folder ${options.directory}`, issues);
}

function checkDays(days: number): number {
  if (Number.isInteger(days) && days >= 1 && days <= 15) return days;
  const issue = { path: ['expiresAfterDays'], message: `expected a whole number from 1 to 15, got ${days}` };
  throw new InvalidInputError('upload', [issue]);
}

type Opening = { stores: VectorStores; journal: UploadJournal; digest: string; expiresAfterDays: number };

async function openStore({ stores, journal, digest, expiresAfterDays }: Opening): Promise<Uploaded> {
  const known = await journal.read();
  const enoughDays = expiresAfterDays / 2;
  if (known && fileDaysLeft(known.createdAt) > expiresAfterDays) {
    const seconds = await stores.secondsLeft(known.vectorStoreId);
    if (seconds / 86_400 >= enoughDays) return known;
  }
  return journal.start(await stores.create({ name: `durable-research ${digest.slice(0, 12)}`, expiresAfterDays }));
}

/** The first file of each content: the others would be found twice. */
function distinct(files: readonly FolderFile[]): FolderFile[] {
  return [...new Map(files.toReversed().map((file) => [file.sha256, file])).values()].toReversed();
}

function outcome(
  files: readonly FolderFile[],
  { sent, refused }: Upload,
  members: Map<string, Member>,
): Pick<UploadedFolder, 'files' | 'failed'> {
  const result: Pick<UploadedFolder, 'files' | 'failed'> = { files: [], failed: [] };
  for (const { name, sha256 } of files) {
    const member = members.get(sha256);
    if (member?.status === 'completed') {
      result.files.push({ name, fileId: member.id, reused: sent.get(sha256) !== name });
    } else {
      result.failed.push({ name, reason: refused.get(sha256) ?? reasonOf(member) });
    }
  }
  return result;
}

function reasonOf(member: Member | undefined): string {
  if (!member) return 'is not in the vector store, although it was added; start again';
  if (member.status === 'in_progress') return 'is still being read by the provider; start again to go on waiting';
  return member.last_error?.message ?? `could not be read by the provider (${member.status})`;
}
