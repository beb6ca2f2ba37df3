/** The kinds of request that a fault may be limited to; `webhook` is a delivery, `any` is every request. */
export const OPERATIONS = [
  'create',
  'retrieve',
  'resume',
  'stream',
  'cancel',
  'delete',
  'input_items',
  'input_tokens',
  'compact',
  'conversations',
  'files',
  'vector_stores',
  'models',
  'webhook',
  'any',
] as const;
export type Operation = (typeof OPERATIONS)[number];

const RESPONSE_CALLS: Readonly<Record<string, Operation>> = {
  'POST ': 'create',
  'GET /:id': 'retrieve',
  'DELETE /:id': 'delete',
  'POST /:id/cancel': 'cancel',
  'GET /:id/input_items': 'input_items',
  'POST /input_tokens': 'input_tokens',
  'POST /compact': 'compact',
};
const FOLDERS: readonly Operation[] = ['conversations', 'files', 'vector_stores', 'models'];

/**
 * What a request counts as: a create that streams is `create` and `stream`, a retrieve that streams is `resume` and
 * `stream`. Empty for the emulator's own routes and for unknown paths.
 */
export function operationsOf(call: { method: string; route: string; streams: boolean }): Operation[] {
  const [, folder, rest] = /^(?:\/v1)?\/([a-z_]+)(.*)$/.exec(call.route) ?? [];
  const other = FOLDERS.find((name) => name === folder);
  if (other !== undefined) return [other, 'any'];
  const operation = folder === 'responses' ? RESPONSE_CALLS[`${call.method} ${rest ?? ''}`] : undefined;
  if (operation === undefined) return [];
  if (!call.streams) return [operation, 'any'];
  if (operation === 'retrieve') return ['resume', 'stream', 'any'];
  return operation === 'create' ? ['create', 'stream', 'any'] : [operation, 'any'];
}
