const MAX_DETAIL_CHARS = 400;

/** What a provider said, as one short line without credentials: it goes into history, logs and progress. */
export function clean(text: string): string {
  const line = text
    .replace(/\bsk-[^\s"',]+/g, 'sk-…')
    .replace(/\bBearer\s+\S+/gi, 'Bearer …')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > MAX_DETAIL_CHARS ? `${line.slice(0, MAX_DETAIL_CHARS)}…` : line;
}
