import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Deps } from '../deps';
import { put, type Change } from '../state';
import { ExtractionError, extractText } from './extract';
import { findFile } from './find';
import type { FileRecord, VectorStoreFileRecord } from './record';

/** How long a file is shown as in_progress, at speed 1. */
const PROCESSING_SECONDS = 0.5;

/** A file to be added to a vector store. */
export interface NewMember {
  readonly fileId: string;
  readonly attributes: Record<string, string | number | boolean>;
}

export type MemberStatus = 'in_progress' | 'completed' | 'failed';

/** The status of a vector store's file at an instant. */
export function memberStatusAt(member: VectorStoreFileRecord, now: number): MemberStatus {
  if (now < member.readyAt) return 'in_progress';
  return member.error === null ? 'completed' : 'failed';
}

/** How long a client should wait before it asks again, for the header `openai-poll-after-ms`. */
export function pollAfterMs(speed: number): number {
  return Math.max(20, Math.round((PROCESSING_SECONDS * 1000) / speed));
}

/** Key of a member; all members of a vector store lie together. */
export function memberKey(vectorStoreId: string, fileId: string): string {
  return `${vectorStoreId}!${fileId}`;
}

/** The range of keys that holds a vector store's members. */
export function memberRange(vectorStoreId: string): { gt: string; lt: string } {
  return { gt: `${vectorStoreId}!`, lt: `${vectorStoreId}"` };
}

/** A vector store's files, oldest first. */
export async function membersOf({ store }: Deps, vectorStoreId: string): Promise<VectorStoreFileRecord[]> {
  const members = await store.tables.vectorStoreFiles.values(memberRange(vectorStoreId)).all();
  return members.toSorted((a, b) => a.createdAt - b.createdAt);
}

/**
 * Extracts the texts of files and gives the changes that add them to a vector store. The result is known before the
 * client hears of it, so that a killed process leaves no work behind. Throws the API's 404 for an unknown file.
 */
export async function addMembers(deps: Deps, vectorStoreId: string, added: readonly NewMember[]): Promise<Change[]> {
  const { tables } = deps.store;
  const files = await Promise.all(added.map((member) => findFile(deps, member.fileId)));
  const changes: Change[] = [];
  for (const [index, file] of files.entries()) {
    const { text, error } = await readFileText(deps, file);
    const createdAt = deps.clock.now();
    const member: VectorStoreFileRecord = {
      vectorStoreId,
      fileId: file.id,
      filename: file.filename,
      createdAt,
      readyAt: createdAt + deps.clock.scaled(PROCESSING_SECONDS),
      usageBytes: text === null ? 0 : Buffer.byteLength(text),
      error,
      attributes: added[index]?.attributes ?? {},
    };
    changes.push(put(tables.vectorStoreFiles, memberKey(vectorStoreId, file.id), member));
    if (text !== null) changes.push(put(tables.texts, file.id, text));
  }
  return changes;
}

async function readFileText(
  { store }: Deps,
  file: FileRecord,
): Promise<{ text: string | null; error: VectorStoreFileRecord['error'] }> {
  const known = await store.tables.texts.get(file.id);
  if (known !== undefined) return { text: known, error: null };
  try {
    const bytes = await readFile(path.join(store.filesDir, file.id));
    return { text: await extractText(file.filename, bytes), error: null };
  } catch (error) {
    if (!(error instanceof ExtractionError)) throw error;
    return { text: null, error: { code: error.code, message: error.message } };
  }
}
