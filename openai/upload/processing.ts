import { setTimeout as sleep } from 'node:timers/promises';
import { type FolderFile } from './folder';
import { membersByContent, type Upload } from './send';
import { type Member } from './vector-store';

/** Longest wait for the provider to read the files. */
const PROCESSING_TIMEOUT_MS = 10 * 60_000;
const FIRST_POLL_MS = 200;
const LAST_POLL_MS = 5_000;

/** Waits until the provider has read every file, or for as long as we are ready to. One file for each content is left. */
export async function whenProcessed(upload: Upload, contents: readonly FolderFile[]): Promise<Map<string, Member>> {
  const { stores, uploaded, refused, report } = upload;
  const wanted = contents.filter(({ sha256 }) => !refused.has(sha256));
  const end = Date.now() + PROCESSING_TIMEOUT_MS;
  let reported = -1;
  for (let wait = FIRST_POLL_MS; ; wait = Math.min(wait * 1.5, LAST_POLL_MS)) {
    // Another call that runs at the same time sends the same files: both wait for the same one of each, and leave it.
    const [kept, copies] = withoutCopies(await membersByContent(upload));
    const ready = wanted.filter(({ sha256 }) => isProcessed(kept.get(sha256)));
    const name = ready.at(-1)?.name ?? '';
    if (ready.length > reported) report({ stage: 'processing', done: ready.length, total: wanted.length, name });
    reported = ready.length;
    if (ready.length < wanted.length && Date.now() < end) {
      await sleep(wait);
      continue;
    }
    for (const copy of copies) await stores.detach(uploaded.vectorStoreId, copy.id);
    return kept;
  }
}

function withoutCopies(members: Map<string, Member[]>): [Map<string, Member>, Member[]] {
  const sorted = [...members].map(([sha256, all]) => [sha256, all.toSorted((a, b) => (a.id < b.id ? -1 : 1))] as const);
  const kept = sorted.flatMap(([sha256, [first]]) => (first ? [[sha256, first] as const] : []));
  return [new Map(kept), sorted.flatMap(([, [, ...copies]]) => copies)];
}

/** A file that is not listed yet is on its way too: the list may lag behind what was added. */
function isProcessed(member: Member | undefined): boolean {
  return member !== undefined && member.status !== 'in_progress';
}
