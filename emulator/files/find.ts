import type { Deps } from '../deps';
import { ApiError, badRequest, notFound } from '../http/errors';
import type { FileRecord, VectorStoreRecord } from './record';

const DAY_MS = 86_400_000;

/** Whether a file has not expired. */
export function isAlive(file: FileRecord, now: number): boolean {
  return file.expiresAt === null || now < file.expiresAt;
}

/** A stored file that has not expired. Throws the API's 404. */
export async function findFile({ store, clock }: Deps, id: string): Promise<FileRecord> {
  const file = await store.tables.files.get(id);
  if (file === undefined || !isAlive(file, clock.now())) {
    throw new ApiError(404, `No such File object: ${id}`, { param: 'id' });
  }
  return file;
}

/** A stored vector store, expired or not. Throws the API's 404. */
export async function findVectorStore({ store }: Deps, id: string): Promise<VectorStoreRecord> {
  const record = await store.tables.vectorStores.get(id);
  if (record === undefined) throw notFound('Vector store', id);
  return record;
}

/** When a vector store expires unless it is used before, or null. */
export function expiryOf(record: VectorStoreRecord): number | null {
  return record.expiresAfterDays === null ? null : record.lastActiveAt + record.expiresAfterDays * DAY_MS;
}

/**
 * Marks a vector store as used, which puts its expiry off. Throws a 404 for an unknown one and a 400 for an expired
 * one. Call it inside `store.exclusive`.
 */
export async function useVectorStore(deps: Deps, id: string): Promise<void> {
  const record = await findVectorStore(deps, id);
  const now = deps.clock.now();
  if (now >= (expiryOf(record) ?? Infinity)) throw badRequest(`Vector store with id '${id}' has expired.`);
  await deps.store.tables.vectorStores.put(id, { ...record, lastActiveAt: now });
}
