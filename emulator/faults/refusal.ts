import { ApiError, DropConnection, HtmlPage, notFound } from '../http/errors';
import { conversationLocked } from '../conversations/find';
import type { Fault } from './catalogue';

/** Throws what the first refusing fault asks for: the request then changes nothing. */
export function refuse(faults: readonly Fault[], responseId: string): void {
  for (const { name, argument = '' } of faults) {
    if (name.startsWith('http_')) throw httpError(Number(name.slice('http_'.length)), argument);
    if (name === 'drop_before_accept') throw new DropConnection('A fault asked for it, before acceptance.');
    if (name === 'html') throw new HtmlPage(Number(argument));
    if (name === 'conversation_locked') throw conversationLocked();
    if (name === 'not_found' || name === 'stream_not_found') throw notFound('Response', responseId);
  }
}

const DELAY = /^(\d+(?:\.\d+)?)(ms)?$/;

/** `7:overloaded:no_retry`: a delay for `retry-after` (with `ms`: `retry-after-ms`), `x-should-retry`, and a code. */
function httpError(status: number, argument: string): ApiError {
  const headers: Record<string, string> = {};
  let code: string | undefined = status === 429 ? 'rate_limit_exceeded' : undefined;
  for (const part of argument.split(':').filter((text) => text !== '')) {
    const [, delay, unit] = DELAY.exec(part) ?? [];
    if (delay !== undefined) headers[unit === undefined ? 'retry-after' : 'retry-after-ms'] = delay;
    else if (part === 'retry' || part === 'no_retry') headers['x-should-retry'] = String(part === 'retry');
    else code = part;
  }
  const type = status === 429 ? code : status >= 500 ? 'server_error' : 'invalid_request_error';
  return new ApiError(status, `A fault of the emulator asked for this error (${status}).`, { type, code, headers });
}
