import { CATALOGUE, entryOf } from '../../../emulator/faults/catalogue';

/** Arguments where the default one would not end within the test, or needs one. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  incomplete: 'content_filter',
  long_queue: '200',
  slow_body: '2',
  expires: '3',
};

/** Refusals with what comes with them; the catalogue has them as one family. */
const REFUSALS = ['http_500', 'http_503', 'http_429:1', 'http_400', 'http_401', 'http_429:insufficient_quota'];

/** What also happens to looks and cancels. */
const OF_EVERY_CALL = ['latency:1', 'drop_before_accept', 'malformed_json', 'html', 'http_503', 'http_429:1'];

/** One rule for every fault of the emulator, each of which strikes that share of the requests that it is about. */
export function everyFault(seed: string, share: number): string[] {
  const named = Object.keys(CATALOGUE).filter((name) => name !== 'ok' && entryOf(name) !== undefined);
  const plain = named.map((name) => (ARGUMENTS[name] === undefined ? name : `${name}:${ARGUMENTS[name]}`));
  const calls = OF_EVERY_CALL.flatMap((fault) => [`${fault}@retrieve`, `${fault}@cancel`]);
  return [...plain, ...REFUSALS, ...calls].map((fault) => `${fault}%${share}~${seed}`);
}
