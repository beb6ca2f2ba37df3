const MAX_DETAIL_CHARS = 400;

/** Shorter ones stand for none, as `emulator` does, and are words. */
const MIN_KEY_CHARS = 12;

/** What a provider said, as one short line without credentials: it goes into history, logs and progress. */
export function clean(text: string, apiKey = '', secrets: readonly string[] = []): string {
  const keys = apiKey.length < MIN_KEY_CHARS ? secrets : [apiKey, ...secrets];
  const known = keys.reduce((cleaned, key) => cleaned.replaceAll(key, '…'), text);
  const line = known
    .replace(/\bsk-[^\s"',]+/g, 'sk-…')
    .replace(/\bBearer\s+\S+/gi, 'Bearer …')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > MAX_DETAIL_CHARS ? `${line.slice(0, MAX_DETAIL_CHARS)}…` : line;
}
