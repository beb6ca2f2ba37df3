/** Where outputs and prompts live, so that history carries references only. */
export { createFileStore, type FileStoreOptions } from './files';
export { type OutputStore, type StoredOutput } from './port';
export { providerStore } from './provider';
