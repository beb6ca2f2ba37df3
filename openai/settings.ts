import OpenAI from 'openai';
import { type InputIssue, InvalidInputError } from '../contract/issues';
import { connectingFetch } from './connection';

/** How to reach a provider. */
export type ProviderSettings = {
  apiKey: string;
  /** Default: the API of OpenAI. */
  baseURL?: string;
  organization?: string;
  project?: string;
  /** Name of the provider in every run; default: base URL, and `#` with the organisation where one is set. */
  origin?: string;
  /** What requests carry besides the key and no error may quote: credentials of hosted tools. */
  secrets?: readonly string[];
};

/** Base URL of the API where none is set. */
const DEFAULT_BASE_URL = 'https://api.openai.com/v1';

/**
 * Name of a provider as a run records it, the same however the URL is written.
 * @throws InvalidInputError for a URL that cannot be used; a URL with credentials in it is not echoed.
 */
export function originOf(settings: ProviderSettings): string {
  if (settings.origin) return settings.origin;
  const url = parseBaseURL(settings.baseURL);
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  return settings.organization ? `${base}#${settings.organization}` : base;
}

/**
 * The SDK's client, set up so that nothing is read from the environment, nothing is logged and nothing is retried
 * behind our back: a retried create is a second bill.
 * @throws InvalidInputError for settings that cannot be used; their values are not echoed.
 */
export function createClient({ apiKey, baseURL, organization, project }: ProviderSettings): OpenAI {
  const url = parseBaseURL(baseURL);
  // Fetch's own error for such a header holds the whole header, and so the key.
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw invalid({ path: ['apiKey'], message: 'expected a key without spaces or line breaks; set OPENAI_API_KEY' });
  }
  return new OpenAI({
    apiKey,
    adminAPIKey: null,
    webhookSecret: null,
    baseURL: url.href.replace(/\/+$/, ''),
    organization: organization ?? null,
    project: project ?? null,
    maxRetries: 0,
    logLevel: 'off',
    fetch: connectingFetch,
  });
}

function parseBaseURL(text: string = DEFAULT_BASE_URL): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const problem =
    url === undefined || !/^https?:$/.test(url.protocol)
      ? 'expected a URL such as https://api.openai.com/v1; set OPENAI_BASE_URL'
      : url.username !== '' || url.password !== ''
        ? 'holds credentials (not shown); put the key into OPENAI_API_KEY and take it out of OPENAI_BASE_URL'
        : url.search !== '' || url.hash !== ''
          ? 'expected no query and no fragment; paths are appended to OPENAI_BASE_URL'
          : undefined;
  if (url === undefined || problem !== undefined) throw invalid({ path: ['baseURL'], message: problem ?? '' });
  return url;
}

function invalid(issue: InputIssue): InvalidInputError {
  return new InvalidInputError('configuration of the provider', [issue]);
}
