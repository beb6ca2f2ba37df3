import { type McpServerConfig } from './config';

/**
 * What became of a call: a result; an error of the tool or of the server, which has answered; nothing was called; or
 * nobody knows.
 */
export type CallEnd = { ended: 'ok'; text: string } | Failed | Unanswered;
type Failed = { ended: 'error'; text: string };
type Unanswered = { ended: 'unavailable' | 'unknown'; why: string };

/** Names of errors and codes, as the MCP SDK and Node give them: classes differ between copies of a package. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'NOT_CONNECTED', 'NOT_INITIALIZED']);
/** It has answered, and its answer says nothing that we could use. */
const ANSWERED = new Set([
  'INVALID_RESULT',
  'UNSUPPORTED_RESULT_TYPE',
  'INPUT_REQUIRED_ROUNDS_EXCEEDED',
  'CAPABILITY_NOT_SUPPORTED',
]);

/** The end of a call that was thrown. */
export function endOf(error: unknown, aborted: boolean): Failed | Unanswered {
  if (aborted) return { ended: 'unknown', why: 'it did not answer in time' };
  const code = codeOf(error);
  if (isRefusal(error) || ANSWERED.has(code)) return { ended: 'error', text: messageOf(error) };
  const status = statusOf(error);
  // A refusal is no call: of who asks, or of a session that the server has forgotten.
  if (status !== undefined && status >= 400 && status < 500) return { ended: 'unavailable', why: refusal(status) };
  if (NOT_SENT.has(code)) return { ended: 'unavailable', why: `it cannot be reached (${code})` };
  if (code === 'CONNECTION_CLOSED') return { ended: 'unknown', why: 'the connection ended before it answered' };
  return { ended: 'unknown', why: `the connection failed (${status ?? code})` };
}

/** True for an error that the server has answered with. */
export function isRefusal(error: unknown): boolean {
  return fieldOf(error, 'name') !== 'AbortError' && typeof fieldOf(error, 'code') === 'number';
}

/** Why a server cannot be used, and what to set. */
export function whyUnavailable(error: unknown, config: McpServerConfig): string {
  const status = statusOf(error);
  if (status !== undefined) return refusal(status);
  const code = codeOf(error);
  const said = messageOf(error);
  if (isRefusal(error) || ANSWERED.has(code)) return `its answer cannot be used (${said})`;
  if ('url' in config) return `it cannot be reached (${code || said}); check "url" of it at the worker`;
  if (code === 'ENOENT') return 'its program was not found; check "command" and "cwd" of it at the worker';
  if (code === 'CONNECTION_CLOSED')
    return 'its program ended at once; what it wrote stands in the log of the worker; check "command", "args" and "env" of it';
  return `it could not be started (${said})`;
}

function refusal(status: number): string {
  const isAuth = status === 401 || status === 403;
  return `it answered with HTTP ${status}; check ${isAuth ? '"headers"' : '"url"'} of it at the worker`;
}

/** The innermost code: that of what went wrong, and not of what it was in the way of. */
function codeOf(error: unknown): string {
  let found = '';
  for (let one = error; one !== undefined; one = fieldOf(one, 'cause')) {
    const code = fieldOf(one, 'code');
    if (typeof code === 'string') found = code;
  }
  return found;
}

function statusOf(error: unknown): number | undefined {
  const status = fieldOf(error, 'status');
  return typeof status === 'number' ? status : undefined;
}

function messageOf(error: unknown): string {
  const message = fieldOf(error, 'message');
  return typeof message === 'string' ? message : String(error);
}

/** Not by a class: what was thrown may come from another copy of a package. */
function fieldOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}
