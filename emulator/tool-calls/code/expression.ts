import { apply, type PyNumber } from './number';

/** An arithmetic expression that stands in a text. */
export interface Expression {
  /** The same in Python. */
  readonly code: string;
  /** Its value. Throws `PyError` where Python raises. */
  readonly compute: Compute;
  /** How many operators and functions it has. */
  readonly operations: number;
  /** Where it ends in the text. */
  readonly end: number;
}

const MAX_CHARS = 300;
const TOKEN = /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(\*\*|\/\/|[-+*/%^×÷−·()])|(sqrt|abs)(?=\s*\())/y;
const PYTHON: Readonly<Record<string, string>> = { '^': '**', '×': '*', '·': '*', '÷': '/', '−': '-' };
/** Every operator binds its left side first, but for the power. */
const PRECEDENCE: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '//': 2, '%': 2, '**': 4 };
const UNARY_PRECEDENCE = 3;

type Compute = () => PyNumber;

interface Token {
  readonly text: string;
  readonly kind: 'number' | 'operator' | 'function';
  readonly end: number;
}

/** The longest expression at the beginning of a text, or null where there is none. */
export function readExpression(text: string): Expression | null {
  const reader = new ExpressionReader(tokenize(text.slice(0, MAX_CHARS)));
  const compute = reader.read(0);
  if (compute === null) return null;
  return { code: reader.code(), compute, operations: reader.operations, end: reader.end() };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [, number, operator, name] = match;
    const kind = number !== undefined ? 'number' : operator !== undefined ? 'operator' : 'function';
    const raw = number ?? operator ?? name ?? '';
    // Python takes no integer that begins with a zero.
    const plain = kind === 'number' && /^\d+$/.test(raw) ? String(BigInt(raw)) : raw;
    tokens.push({ text: PYTHON[plain] ?? plain, kind, end: TOKEN.lastIndex });
  }
  return tokens;
}

/** Reads by precedence. Where something is missing it goes back to the last place at which the expression was whole. */
class ExpressionReader {
  operations = 0;
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  code(): string {
    const parts = this.tokens.slice(0, this.at).map(({ kind, text }, index, all) => {
      const before = all[index - 1];
      const isSign =
        /^[-+]$/.test(text) && (before === undefined || (before.kind === 'operator' && before.text !== ')'));
      const closes = text === ')' || before?.text === '(' || before === undefined;
      const called = text === '(' && before?.kind === 'function';
      return `${closes || called ? '' : ' '}${kind === 'function' ? PYTHON_NAMES[text] : text}${isSign ? SIGN : ''}`;
    });
    return parts.join('').replaceAll(`${SIGN} `, '').replaceAll(SIGN, '');
  }

  end(): number {
    return this.tokens[this.at - 1]?.end ?? 0;
  }

  read(least: number): Compute | null {
    let left = this.operand();
    while (left !== null) {
      const { at, operations } = this;
      const operator = this.tokens[at]?.text ?? '';
      const precedence = PRECEDENCE[operator];
      if (precedence === undefined || precedence < least) return left;
      this.at += 1;
      const right = this.read(operator === '**' ? precedence - 1 : precedence + 1);
      if (right === null) {
        Object.assign(this, { at, operations });
        return left;
      }
      this.operations += 1;
      left = operation(operator, left, right);
    }
    return null;
  }

  private operand(): Compute | null {
    const { at, operations } = this;
    const token = this.tokens[at];
    this.at += 1;
    const found = token === undefined ? null : this.operandAt(token);
    if (found === null) Object.assign(this, { at, operations });
    return found;
  }

  private operandAt({ kind, text }: Token): Compute | null {
    if (kind === 'number') return () => (/[.eE]/.test(text) ? Number(text) : BigInt(text));
    if (text === '(') return this.closed();
    if (text === '+') return this.read(UNARY_PRECEDENCE);
    if (text === '-') return negated(this.read(UNARY_PRECEDENCE));
    if (kind !== 'function') return null;
    this.at += 1;
    this.operations += 1;
    const argument = this.closed();
    if (argument === null) return null;
    return text === 'abs' ? () => absolute(argument()) : () => apply('**', Number(argument()), 0.5);
  }

  private closed(): Compute | null {
    const inner = this.read(0);
    if (inner === null || this.tokens[this.at]?.text !== ')') return null;
    this.at += 1;
    return inner;
  }
}

/** Marks a sign, behind which no blank stands. */
const SIGN = '\0';
const PYTHON_NAMES: Readonly<Record<string, string>> = { sqrt: 'math.sqrt', abs: 'abs' };

function operation(operator: string, left: Compute, right: Compute): Compute {
  return () => apply(operator, left(), right());
}

function negated(inner: Compute | null): Compute | null {
  return inner === null ? null : () => apply('*', -1n, inner());
}

function absolute(value: PyNumber): PyNumber {
  return value < 0 ? apply('*', -1n, value) : value;
}
