const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `14 s`, `3 m 05 s`, `2 h 07 m`, `3 d 4 h`. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE_MS) return `${Math.floor(whole / SECOND_MS)} s`;
  if (whole < HOUR_MS) return `${Math.floor(whole / MINUTE_MS)} m ${two((whole % MINUTE_MS) / SECOND_MS)} s`;
  if (whole < DAY_MS) return `${Math.floor(whole / HOUR_MS)} h ${two((whole % HOUR_MS) / MINUTE_MS)} m`;
  return `${Math.floor(whole / DAY_MS)} d ${Math.floor((whole % DAY_MS) / HOUR_MS)} h`;
}

function two(number: number): string {
  return String(Math.floor(number)).padStart(2, '0');
}

/** US dollars with as many places as say something: `$0`, `<$0.0001`, `$0.0123`, `$12.35`. */
export function usd(amount: number): string {
  if (amount === 0) return '$0';
  if (amount < 0.0001) return '<$0.0001';
  return amount < 1 ? `$${amount.toFixed(4)}` : `$${amount.toFixed(2)}`;
}

/** A whole number with its thousands apart: `12,345`. */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** `1 step`, `3 steps`. */
export function counted(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** Local date and time: `2026-03-14 09:05:02`. */
export function dateTime(date: Date): string {
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
