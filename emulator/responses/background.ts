import { badRequest } from '../http/errors';
import type { CreateBody } from './request';

/**
 * How the server takes `background`: as it should; with a 400; without effect, so that the response is complete when it
 * is answered; or without keeping what it has accepted, so that a retrieve is a 404.
 */
export type BackgroundMode = 'full' | 'refuse' | 'ignore' | 'forget';

/** The request as a server of that mode reads it. Throws a 400 where it refuses background mode. */
export function asServed(body: CreateBody, mode: BackgroundMode): CreateBody {
  if (body.background !== true) return body;
  if (mode === 'refuse') {
    throw badRequest(
      "Unsupported parameter: 'background' is not supported by this server.",
      'background',
      'unsupported_parameter',
    );
  }
  return mode === 'ignore' ? { ...body, background: false } : body;
}
