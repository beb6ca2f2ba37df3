import path from 'node:path';
import { Library } from '../answer/library';
import { firstHeading, splitPassages, type Passage } from '../answer/passages';
import type { Deps } from '../deps';
import { matchesFilter, type Filter } from './filters';
import { membersOf, memberStatusAt } from './members';
import type { VectorStoreFileRecord } from './record';

const CACHED_LIBRARIES = 8;
/** The score at which a match counts as half certain; the search library's scores have no upper bound. */
const HALF_SCORE = 10;

/** Libraries of the file sets searched last, by the ids of their files. */
export class LibraryCache {
  private readonly libraries = new Map<string, Library>();

  /** The library under a key; built when it is not there, which may push out the one used longest ago. */
  async get(key: string, build: () => Promise<Library>): Promise<Library> {
    const library = this.libraries.get(key) ?? (await build());
    this.libraries.delete(key);
    this.libraries.set(key, library);
    const oldest = this.libraries.keys().next();
    if (this.libraries.size > CACHED_LIBRARIES && oldest.done === false) this.libraries.delete(oldest.value);
    return library;
  }
}

/** Where a search looks: vector stores, and which of their files. */
export interface Scope {
  readonly vectorStoreId: string;
  readonly filter: Filter | undefined;
}

/** The readable files of some vector stores. */
export interface OpenFiles {
  /** The passages of every file. */
  readonly library: Library;
  /** By file id. */
  readonly attributes: ReadonlyMap<string, VectorStoreFileRecord['attributes']>;
}

/** Opens the readable files of some vector stores. */
export async function openFiles(deps: Deps, scopes: readonly Scope[]): Promise<OpenFiles> {
  const now = deps.clock.now();
  const members = (await Promise.all(scopes.map((scope) => membersIn(deps, scope)))).flat();
  const ready = new Map<string, VectorStoreFileRecord>();
  for (const member of members) {
    if (memberStatusAt(member, now) === 'completed') ready.set(member.fileId, member);
  }
  const key = [...ready.keys()].join(' ');
  const library = await deps.libraries.get(key, async () => {
    const passages = await Promise.all([...ready.values()].map((member) => filePassages(deps, member)));
    return new Library(passages.flat());
  });
  return { library, attributes: new Map([...ready].map(([id, member]) => [id, member.attributes])) };
}

async function membersIn(deps: Deps, { vectorStoreId, filter }: Scope): Promise<VectorStoreFileRecord[]> {
  const members = await membersOf(deps, vectorStoreId);
  return filter === undefined ? members : members.filter((member) => matchesFilter(filter, member.attributes));
}

async function filePassages({ store }: Deps, { fileId, filename }: VectorStoreFileRecord): Promise<Passage[]> {
  const text = (await store.tables.texts.get(fileId)) ?? '';
  const title = firstHeading(text) ?? path.parse(filename).name;
  return splitPassages({ kind: 'file', id: fileId, title, filename }, text);
}

/** One result of a search in vector stores. */
export interface FileResult {
  readonly file_id: string;
  readonly filename: string;
  /** Between 0 and 1. */
  readonly score: number;
  readonly attributes: VectorStoreFileRecord['attributes'];
  readonly text: string;
}

/** The best passages of some files for a query, best first. */
export function searchFiles(
  { library, attributes }: OpenFiles,
  { query, limit, threshold }: { query: string; limit: number; threshold: number },
): FileResult[] {
  return library
    .search(query, limit)
    .map(({ passage: { source, sentences }, score }) => ({
      file_id: source.id,
      filename: source.kind === 'file' ? source.filename : source.title,
      score: boundedScore(score),
      attributes: attributes.get(source.id) ?? {},
      text: sentences.join(' '),
    }))
    .filter((result) => result.score >= threshold);
}

/** Maps a score of the search library, which has no upper bound, to 0..1. */
function boundedScore(score: number): number {
  return Math.round((score / (score + HALF_SCORE)) * 10_000) / 10_000;
}
