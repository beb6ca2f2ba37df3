/** An uploaded file; its bytes lie in the store's folder under its id. Times are milliseconds since the epoch. */
export interface FileRecord {
  readonly id: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly filename: string;
  readonly purpose: string;
  readonly bytes: number;
}

/** A vector store. It expires `expiresAfterDays` after its last use, or never. */
export interface VectorStoreRecord {
  readonly id: string;
  readonly createdAt: number;
  readonly lastActiveAt: number;
  readonly name: string | null;
  readonly metadata: Record<string, string>;
  readonly expiresAfterDays: number | null;
}

/** A file in a vector store; its processing ends at `readyAt`, in an error when there is one. */
export interface VectorStoreFileRecord {
  readonly vectorStoreId: string;
  readonly fileId: string;
  readonly filename: string;
  readonly createdAt: number;
  readonly readyAt: number;
  readonly usageBytes: number;
  readonly error: { readonly code: 'unsupported_file' | 'invalid_file'; readonly message: string } | null;
  readonly attributes: Record<string, string | number | boolean>;
}

/** Files that were added to a vector store together. */
export interface FileBatchRecord {
  readonly id: string;
  readonly vectorStoreId: string;
  readonly createdAt: number;
  readonly fileIds: readonly string[];
}
