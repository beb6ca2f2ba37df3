/**
 * Keys of what is due, sorted by lane and time: `<lane>!<time>!<id>`. The lane `endings` holds the ends of background
 * responses; every endpoint has a lane of its own, named by its id, with its deliveries.
 */
export const ENDINGS_LANE = 'endings';

const TIME_DIGITS = 15;

/** An instant in milliseconds as it stands in keys; sorts by time. */
export function timeKey(at: number): string {
  return String(Math.ceil(at)).padStart(TIME_DIGITS, '0');
}

/** The key of something that is due at an instant (milliseconds). */
export function dueKey(lane: string, at: number, id: string): string {
  return `${lane}!${timeKey(at)}!${id}`;
}

/** The lane and the instant (milliseconds) of a key. */
export function parseDueKey(key: string): { lane: string; at: number } {
  const end = key.indexOf('!');
  return { lane: key.slice(0, end), at: Number(key.slice(end + 1, end + 1 + TIME_DIGITS)) };
}

/** The range of keys that holds a lane. */
export function laneRange(lane: string): { gt: string; lt: string } {
  return { gt: `${lane}!`, lt: `${lane}"` };
}
