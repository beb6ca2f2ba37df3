const TIME_DIGITS = 15;
/** Later instants, which nobody lives to see, share the last key. */
const LAST_INSTANT = 10 ** TIME_DIGITS - 1;

/** An instant in milliseconds as it stands in keys; sorts by time. */
export function timeKey(at: number): string {
  return String(Math.min(Math.ceil(at), LAST_INSTANT)).padStart(TIME_DIGITS, '0');
}

/** The key of a response's end at an instant (milliseconds). */
export function endingKey(at: number, responseId: string): string {
  return `${timeKey(at)}!${responseId}`;
}

/** The instant (milliseconds) of an end by its key. */
export function endingTime(key: string): number {
  return Number(key.slice(0, TIME_DIGITS));
}

/** The key of an attempt that is due at an endpoint at an instant (milliseconds). */
export function dueKey(endpointId: string, at: number, deliveryKey: string): string {
  return `${endpointId}!${timeKey(at)}!${deliveryKey}`;
}

/** The endpoint and the instant (milliseconds) of an attempt by its key. */
export function parseDueKey(key: string): { endpointId: string; at: number } {
  const end = key.indexOf('!');
  return { endpointId: key.slice(0, end), at: Number(key.slice(end + 1, end + 1 + TIME_DIGITS)) };
}

/** The range of keys that holds what is due at an endpoint. */
export function dueAt(endpointId: string): { gt: string; lt: string } {
  return { gt: `${endpointId}!`, lt: `${endpointId}"` };
}
