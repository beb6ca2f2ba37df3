import { ClassicLevel, type BatchOperation } from 'classic-level';
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { ConversationItemRow, ConversationRecord } from './conversations/record';
import { errorCode, errorMessage } from './error-code';
import type { FaultRuleRecord } from './faults/book';
import type { FileRecord, VectorStoreFileRecord, VectorStoreRecord, FileBatchRecord } from './files/record';
import { newId } from './ids';
import { newSealKey } from './seal';
import type { PendingRecord } from './responses/pending';
import type { CreateRow, Item, ResponseRecord } from './responses/record';
import type { DeliveryRecord, EndingRow, EndpointRecord } from './webhooks/record';
import type { ScriptRecord } from './script/record';

/** Changed whenever stored records stop being readable by older code. */
const FORMAT = '1';
const CLOCK_OFFSET = 'clockOffset';
const SEAL_KEY = 'sealKey';

/** The tables of the store; every value is JSON written by this program alone. */
export interface Tables {
  /** What is known of the store as a whole. */
  readonly meta: Table<string>;
  readonly responses: Table<ResponseRecord>;
  readonly inputs: Table<readonly Item[]>;
  readonly outputs: Table<readonly Item[]>;
  /** Response id -> what is left to do for its output. */
  readonly pending: Table<PendingRecord>;
  /** Output item id -> the response that made it. */
  readonly itemOwners: Table<string>;
  /** When responses expire, by time -> the response. */
  readonly expiries: Table<string>;
  /** Deleted response -> when it was. */
  readonly deletions: Table<number>;
  /** Every accepted create, by time; never deleted. */
  readonly creates: Table<CreateRow>;
  /** The script in force, under one key. */
  readonly scripts: Table<ScriptRecord>;
  readonly faultRules: Table<FaultRuleRecord>;
  /** Rule or plan, with the kind of request -> how many were counted. */
  readonly faultCounts: Table<number>;
  readonly conversations: Table<ConversationRecord>;
  readonly conversationItems: Table<ConversationItemRow>;
  readonly files: Table<FileRecord>;
  /** File id -> extracted text. */
  readonly texts: Table<string>;
  readonly vectorStores: Table<VectorStoreRecord>;
  readonly vectorStoreFiles: Table<VectorStoreFileRecord>;
  readonly fileBatches: Table<FileBatchRecord>;
  /** Endpoints registered by the admin API, with their secrets. */
  readonly webhookEndpoints: Table<EndpointRecord>;
  /** Every delivery ever queued, by time. */
  readonly deliveries: Table<DeliveryRecord>;
  /** Ends of background responses that are still to be announced, by time. */
  readonly endings: Table<EndingRow>;
  /** Attempts that are due, by endpoint and time -> key of the delivery. */
  readonly webhooksDue: Table<string>;
}

type Database = ClassicLevel<string, unknown>;
/** One table: a sorted map from key to JSON value. */
export type Table<V> = ReturnType<typeof openTable<V>>;

function openTable<V>(db: Database, name: string) {
  return db.sublevel<string, V>(name, { valueEncoding: 'json' });
}

/** One change of a batch; a batch is written whole or not at all. */
export type Change = BatchOperation<Database, string, unknown>;

/** Sets a key of a table. */
export function put<V>(table: Table<V>, key: string, value: V): Change {
  return { type: 'put', sublevel: table, key, value };
}

/** Removes a key from a table. */
export function del<V>(table: Table<V>, key: string): Change {
  return { type: 'del', sublevel: table, key };
}

/**
 * The emulator's state: a LevelDB in `dataDir`. A write that has returned survives the death of the process at any
 * instant; only a power cut may lose the last ones, since writes are not flushed to the device one by one.
 */
export class Store {
  private tail: Promise<unknown> = Promise.resolve();
  private readonly listeners = new Set<(changes: readonly Change[]) => void>();

  readonly instanceId: string;
  /** The key of everything that clients hold but cannot read, such as encrypted reasoning. */
  readonly sealKey: Buffer;

  private constructor(
    private readonly db: Database,
    /** Folder of uploaded bytes, one file each, named by file id. */
    readonly filesDir: string,
    { instanceId, sealKey }: { instanceId: string; sealKey: Buffer },
    readonly tables: Tables,
  ) {
    this.instanceId = instanceId;
    this.sealKey = sealKey;
  }

  /** Opens or makes the store. Throws when another process holds it or when a newer format is found. */
  static async open(dataDir: string): Promise<Store> {
    const filesDir = path.join(dataDir, 'files');
    await mkdir(filesDir, { recursive: true });
    const dbDir = path.join(dataDir, 'db');
    await mkdir(dbDir, { recursive: true });
    // Secrets of webhooks lie in it, so it is its owner's alone, also where it was made more open before.
    await chmod(dbDir, 0o700);
    const db: Database = new ClassicLevel(dbDir, { valueEncoding: 'json' });
    try {
      await db.open();
    } catch (error) {
      throw explainOpenFailure(error, dataDir);
    }
    const instanceId = await readIdentity(db, dataDir);
    return new Store(db, filesDir, { instanceId, sealKey: await readSealKey(db) }, openTables(db));
  }

  /** Runs `work` after every earlier `exclusive` work has ended: reads and the writes that depend on them. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    // Whoever awaits `result` sees its failure; the queue goes on either way.
    this.tail = result.catch(() => undefined);
    return result;
  }

  async write(changes: Change[]): Promise<void> {
    await this.db.batch(changes);
    for (const listener of this.listeners) listener(changes);
  }

  /** Calls `listener` after every `write`, with what was written; returns what ends that. */
  onWrite(listener: (changes: readonly Change[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Rewrites the files, so that the bytes of what was deleted leave the disk. */
  async compact(): Promise<void> {
    const [first, last] = ['!', '~'] as const;
    await this.db.compactRange(first, last);
    // A file of the lowest level is rewritten only where something newer overlaps it.
    await this.db.batch([
      { type: 'del', key: first },
      { type: 'del', key: last },
    ]);
    await this.db.compactRange(first, last);
  }

  /** How far the clock was ahead of the system's, in milliseconds. */
  async readClockOffset(): Promise<number> {
    return Number((await this.tables.meta.get(CLOCK_OFFSET)) ?? 0);
  }

  /** Keeps how far the clock is ahead, for the next start. */
  async writeClockOffset(ms: number): Promise<void> {
    await this.tables.meta.put(CLOCK_OFFSET, String(ms));
  }

  async close(): Promise<void> {
    await this.tail;
    await this.db.close();
  }
}

function openTables(db: Database): Tables {
  return {
    meta: openTable(db, 'meta'),
    responses: openTable(db, 'responses'),
    inputs: openTable(db, 'inputs'),
    outputs: openTable(db, 'outputs'),
    pending: openTable(db, 'pending'),
    itemOwners: openTable(db, 'itemOwners'),
    expiries: openTable(db, 'expiries'),
    deletions: openTable(db, 'deletions'),
    creates: openTable(db, 'creates'),
    scripts: openTable(db, 'scripts'),
    faultRules: openTable(db, 'faultRules'),
    faultCounts: openTable(db, 'faultCounts'),
    conversations: openTable(db, 'conversations'),
    conversationItems: openTable(db, 'conversationItems'),
    files: openTable(db, 'files'),
    texts: openTable(db, 'texts'),
    vectorStores: openTable(db, 'vectorStores'),
    vectorStoreFiles: openTable(db, 'vectorStoreFiles'),
    fileBatches: openTable(db, 'fileBatches'),
    webhookEndpoints: openTable(db, 'webhookEndpoints'),
    deliveries: openTable(db, 'deliveries'),
    endings: openTable(db, 'endings'),
    webhooksDue: openTable(db, 'webhooksDue'),
  };
}

async function readIdentity(db: Database, dataDir: string): Promise<string> {
  const meta = openTable<string>(db, 'meta');
  const format = await meta.get('format');
  if (format !== undefined && format !== FORMAT) {
    await db.close();
    throw new Error(
      `The emulator's data in ${dataDir} has format ${format}, this version reads ${FORMAT}; choose another folder.`,
    );
  }
  const known = await meta.get('instanceId');
  if (known !== undefined) return known;
  const instanceId = newId('emu');
  await meta.batch([
    { type: 'put', key: 'instanceId', value: instanceId },
    { type: 'put', key: 'format', value: FORMAT },
  ]);
  return instanceId;
}

async function readSealKey(db: Database): Promise<Buffer> {
  const meta = openTable<string>(db, 'meta');
  const known = await meta.get(SEAL_KEY);
  if (known !== undefined) return Buffer.from(known, 'base64');
  const key = newSealKey();
  await meta.put(SEAL_KEY, key.toString('base64'));
  return key;
}

function explainOpenFailure(error: unknown, dataDir: string): Error {
  const cause = error instanceof Error ? error.cause : error;
  const reason =
    errorCode(cause) === 'LEVEL_LOCKED'
      ? `another emulator process is using it. Stop that one, or choose another folder with --data (option dataDir)`
      : `it cannot be opened (${errorMessage(cause)})`;
  return new Error(`The emulator's data folder ${dataDir}: ${reason}.`, { cause: error });
}
