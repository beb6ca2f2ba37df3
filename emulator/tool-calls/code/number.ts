/** A number as Python has it: an integer of any size, or a float. */
export type PyNumber = bigint | number;

/** What Python would raise; its message is the last line of the traceback. */
export class PyError extends Error {
  override readonly name = 'PyError';
}

/** Integers of more bits are not computed. */
const MAX_BITS = 4000;

/** Applies an operator of Python. Throws `PyError` where Python raises, or where the result is too large. */
export function apply(operator: string, a: PyNumber, b: PyNumber): PyNumber {
  if (['/', '//', '%'].includes(operator) && Number(b) === 0) throw new PyError('ZeroDivisionError: division by zero');
  const result = typeof a === 'bigint' && typeof b === 'bigint' ? ofIntegers(operator, a, b) : null;
  return bounded(result ?? ofFloats(operator, Number(a), Number(b)));
}

/** Both integers, or null where the result is a float. */
function ofIntegers(operator: string, a: bigint, b: bigint): bigint | null {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '//':
      return (a - floorModulo(a, b)) / b;
    case '%':
      return floorModulo(a, b);
    case '**':
      if (b < 0n) return null;
      if (BigInt(bitsOf(a)) * b > BigInt(MAX_BITS)) throw new PyError(TOO_LARGE);
      return a ** b;
    default:
      return null;
  }
}

function ofFloats(operator: string, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '//':
      return Math.floor(a / b);
    case '%':
      return a - b * Math.floor(a / b);
    default:
      return a ** b;
  }
}

const TOO_LARGE = 'OverflowError: Result too large';

function bounded(value: PyNumber): PyNumber {
  const fits = typeof value === 'bigint' ? bitsOf(value) <= MAX_BITS : Number.isFinite(value);
  if (!fits) throw new PyError(TOO_LARGE);
  return value;
}

/** Python's remainder has the sign of the divisor. */
function floorModulo(a: bigint, b: bigint): bigint {
  return ((a % b) + b) % b;
}

function bitsOf(value: bigint): number {
  return value.toString(16).length * 4;
}

/** A number as Python prints it. */
export function show(value: PyNumber): string {
  if (typeof value === 'bigint') return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
