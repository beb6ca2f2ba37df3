import { APIError } from 'openai';
import { z } from 'zod';
import { type FailureType } from '../contract/failures';
import { clean } from './clean';
import { connectionTrouble } from './connection';
import { ProviderError } from './port';
import { type RetryAfter, retryAfterOf } from './retry-after';

/** What a call does at the provider: only a `create` can be paid for without our knowing. */
export type Operation = 'create' | 'read' | 'cancel';

/** What a call was about, for the message. */
export type CallSubject = {
  /** Key of the call, which servers may echo whatever it looks like: it is taken out of what they say. */
  apiKey?: string | null;
  /** Credentials that the call carried besides. */
  secrets?: readonly string[];
  /** Origin of the provider, as recorded in the run. */
  origin?: string;
  responseId?: string;
  conversationId?: string;
  /** True for a create in background mode. */
  background?: boolean;
  /** What was tried, where it is neither of the three operations on a response. */
  action?: string;
};

/** Wait after a 429 whose headers ask for nothing. */
const DEFAULT_RATE_LIMIT_WAIT_MS = 5_000;

const QUOTA = /^(?:insufficient_quota|billing_hard_limit_reached|billing_not_active|insufficient_credits)$/;
const REFUSED = /policy|content_filter|moderation|^invalid_prompt$/;

/** True for an error code that says that an account has no money or quota left. */
export function isQuotaCode(code: string): boolean {
  return QUOTA.test(code);
}

/** True for an error code that says that a filter or policy refused the content. */
export function isRefusalCode(code: string): boolean {
  return REFUSED.test(code);
}

/**
 * The retry decision for a call that failed: every status of the wire, every way in which a connection breaks, and a
 * body that is not what the API promises. What may have been accepted is `CreateAmbiguous` on a create, and
 * `ProviderUnavailable` on everything that can be asked again for nothing.
 */
export function classifyError(error: unknown, operation: Operation, about: CallSubject = {}): ProviderError {
  if (error instanceof ProviderError) return error;
  const call = callText(operation, about);
  if (error instanceof APIError && typeof error.status === 'number') {
    const answer: Answer = { ...answerOf(error, about), operation, about };
    const { type, advice } = decide(answer);
    const wait = retryAfterOf(answer.headers, Date.now());
    const ms = wait?.ms ?? (type === 'RateLimited' ? DEFAULT_RATE_LIMIT_WAIT_MS : undefined);
    const told = advice + boundText(wait);
    const unquoted = sentence(call, { ...answer, detail: NOT_SHOWN }, told);
    return new ProviderError(type, sentence(call, answer, told), ms, { refusedMode: refusesMode(answer), unquoted });
  }
  const { code, unsent } = connectionTrouble(error);
  if (code === 'UNKNOWN') return malformed(error, operation, call);
  const happened = code === 'TIMEOUT' ? 'no answer came in time' : `the connection failed (${code})`;
  if (unsent) {
    return new ProviderError(
      'ProviderUnavailable',
      `${call}: ${happened}, nothing was sent; check OPENAI_BASE_URL and the network`,
    );
  }
  if (operation === 'create') {
    return new ProviderError('CreateAmbiguous', `${call}: ${happened}; the provider may have accepted and bill it`);
  }
  return new ProviderError('ProviderUnavailable', `${call}: ${happened}; it is tried again`);
}

/** In place of what a provider said. */
const NOT_SHOWN = 'details are not shown';

/** A body that is not what the API promises. */
function malformed(error: unknown, operation: Operation, call: string): ProviderError {
  const detail = clean(error instanceof z.ZodError ? z.prettifyError(error) : String(error));
  const type = operation === 'create' ? 'CreateAmbiguous' : 'ProviderUnavailable';
  const advice = operation === 'create' ? 'the provider may have accepted and bill it' : 'it is tried again';
  const text = (what: string): string => `${call}: the answer could not be understood (${what}); ${advice}`;
  return new ProviderError(type, text(detail), undefined, { unquoted: text(NOT_SHOWN) });
}

type Answer = {
  status: number;
  code: string;
  type: string;
  param: string;
  detail: string;
  requestId: string;
  /** False where the body is not the API's error envelope: a proxy answered, not the API. */
  envelope: boolean;
  headers: Headers | undefined;
  operation: Operation;
  about: CallSubject;
};

function answerOf(error: APIError, { apiKey, secrets }: CallSubject): Omit<Answer, 'operation' | 'about'> {
  return {
    status: error.status ?? 0,
    code: error.code ?? '',
    type: error.type ?? '',
    param: error.param ?? '',
    detail: clean(error.message.replace(/^\d{3} /, ''), apiKey ?? '', secrets),
    requestId: error.requestID ?? '',
    envelope: error.error !== undefined && error.error !== null,
    headers: error.headers,
  };
}

type Decision = { type: FailureType; advice: string };

function decide(answer: Answer): Decision {
  const { status, code, type, operation } = answer;
  if (status === 402 || isQuotaCode(code) || isQuotaCode(type))
    return { type: 'QuotaExhausted', advice: 'add credit or raise the limit of the account behind OPENAI_API_KEY' };
  if (status === 401 || status === 403)
    return { type: 'Unauthorized', advice: 'set OPENAI_API_KEY to a key of this provider that may use the model' };
  if (status === 429)
    return { type: 'RateLimited', advice: 'not an error: it is tried again after the wait the provider asks for' };
  if (code === 'conversation_locked')
    return { type: 'ConversationBusy', advice: 'it is tried again when the other response has ended' };
  if (status === 404 && operation !== 'create') return notFound(answer);
  if (status === 408 || status === 409 || status === 425)
    return { type: 'ProviderUnavailable', advice: 'it was refused and is tried again' };
  if (refusesMode(answer) && answer.about.background)
    return { type: 'BackgroundUnsupported', advice: 'the step can run in the foreground' };
  if (refusesMode(answer)) return { type: 'InvalidRequest', advice: 'change what the step sends' };
  if (status >= 400 && status < 500)
    return isRefusalCode(code)
      ? { type: 'ContentRefused', advice: 'change the prompt' }
      : { type: 'InvalidRequest', advice: 'change what the step sends' };
  return operation === 'create'
    ? { type: 'CreateAmbiguous', advice: 'the provider may have accepted and bill it' }
    : { type: 'ProviderUnavailable', advice: 'it is tried again' };
}

/** How a request is to run, as the refusals of several servers name it; not the store of vectors. */
const MODE = /\bbackground\b|[`'"](?:store|stream)\b|\b(?:store|stream)=/;
const MODE_PARAMS = ['background', 'store', 'stream'];

/**
 * True for a create that was refused for `background`, `store` or `stream`; also where a server says nothing that the
 * SDK shows, since asking once more without them costs nothing. 501 is how some say that they have not built it.
 */
function refusesMode({ status, operation, param, detail, envelope }: Answer): boolean {
  if (operation !== 'create' || ![400, 422, 501].includes(status)) return false;
  return !envelope || MODE_PARAMS.includes(param) || (param === '' && MODE.test(detail));
}

function notFound({ about, envelope }: Answer): Decision {
  // A balancer without a backend answers 404 too, and a paid response must not be given up for that.
  if (!envelope) return { type: 'ProviderUnavailable', advice: 'this is no answer of the API; check OPENAI_BASE_URL' };
  if (about.conversationId !== undefined) {
    return { type: 'InvalidRequest', advice: 'name a conversation that exists, or none to have one made' };
  }
  if (about.responseId === undefined) return { type: 'InvalidRequest', advice: 'check OPENAI_BASE_URL' };
  return {
    type: 'ResponseLost',
    advice:
      'the provider keeps a response for 30 days, in some data modes for about 10 minutes; keep outputs in the output ' +
      'store (DURABLE_RESEARCH_HOME), and check that OPENAI_API_KEY belongs to the project that created it',
  };
}

function boundText(wait: RetryAfter | undefined): string {
  if (!wait || wait.asked <= wait.ms) return '';
  return `; it asks for ${Math.round(wait.asked / 1000)} s and is asked again after ${wait.ms / 1000} s`;
}

const ACTIONS: Record<Operation, string> = { create: 'create a response', read: 'read', cancel: 'cancel' };

function callText(operation: Operation, { origin, responseId, conversationId, action }: CallSubject): string {
  const what = action ?? ACTIONS[operation];
  const id = conversationId ?? responseId;
  return `could not ${[what, ...(id ? [id] : []), ...(origin ? [`at ${origin}`] : [])].join(' ')}`;
}

function sentence(call: string, answer: Answer, advice: string): string {
  const { status, code, param, requestId } = answer;
  const facts = [String(status), code, param && `param ${param}`, requestId && `request ${requestId}`].filter(Boolean);
  // Servers echo the key they refuse.
  const detail = status === 401 ? 'the API key was refused' : answer.detail;
  return `${call}: ${detail} (${facts.join(', ')}); ${advice}`;
}
