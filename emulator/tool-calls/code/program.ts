import { terms } from '../../answer/text';
import { readExpression } from './expression';
import { apply, PyError, show, type PyNumber } from './number';
import { numbersOf, readTable, type Table } from './table';

/** A program in Python, and what it prints. */
export interface Program {
  readonly code: string;
  readonly logs: string;
}

/** One value to be printed: an expression of Python, and the same computed. Throws `PyError` where Python raises. */
interface Task {
  readonly code: string;
  readonly setup?: string;
  readonly compute: () => PyNumber;
}

interface Statistic {
  readonly pattern: RegExp;
  readonly code: (list: string) => string;
  readonly compute: (values: readonly PyNumber[]) => PyNumber;
}

const STATISTICS: readonly Statistic[] = [
  { pattern: /\b(?:sum|total|add(?:ed)? up)\b/i, code: (list) => `sum(${list})`, compute: sum },
  {
    pattern: /\b(?:average|mean)\b/i,
    code: (list) => `statistics.fmean(${list})`,
    compute: (values) => apply('/', Number(sum(values)), values.length),
  },
  { pattern: /\bmedian\b/i, code: (list) => `statistics.median(${list})`, compute: median },
  { pattern: /\bproduct\b/i, code: (list) => `math.prod(${list})`, compute: (values) => values.reduce(times, 1n) },
  { pattern: /\b(?:max(?:imum)?|largest|highest|biggest)\b/i, code: (list) => `max(${list})`, compute: largest },
  { pattern: /\b(?:min(?:imum)?|smallest|lowest)\b/i, code: (list) => `min(${list})`, compute: smallest },
];
const LIST = /(?<![\d.])((?:-?\d{1,30}(?:\.\d{1,30})?(?:, and |, ?| and )){1,200}-?\d{1,30}(?:\.\d{1,30})?)/i;
const PERCENT = /(?<![\d.])(\d{1,30}(?:\.\d{1,30})?) ?(?:%|percent|per cent) of (\d{1,30}(?:\.\d{1,30})?)/gi;
const ROOT = /\bsquare root of (\d{1,30}(?:\.\d{1,30})?)/gi;
const ASKS =
  /\b(?:calculat\w*|comput\w*|evaluat\w*|what(?:['’]s| is| are)|how (?:much|many)|solve|work out|python|run)\b|=\s*\??\s*$/i;
const MAX_CHARS = 20_000;
const MAX_TASKS = 10;

/** The program for what a prompt wants computed: arithmetic, statistics of a list or of a table's column; else null. */
export function programFor(prompt: string): Program | null {
  const text = prompt.slice(0, MAX_CHARS);
  // `1,200` is one number, `1, 200` are two.
  const plain = text.replace(/\s+/g, ' ').replace(/(?<=\d),(?=\d{3}(?!\d))/g, '');
  const statistic = tableTask(text) ?? listTask(plain);
  const tasks = statistic === null ? arithmetic(plain) : [statistic];
  return tasks.length === 0 ? null : toProgram(tasks.slice(0, MAX_TASKS));
}

/** What is run where a request insists on code and wants nothing computed. */
export const NO_TASK: Program = {
  code: 'print("Nothing to compute was found in the request.")',
  logs: 'Nothing to compute was found in the request.',
};

function toProgram(tasks: readonly Task[]): Program {
  const body = tasks.map(({ code }) => `print(${code})`).join('\n');
  const modules = ['math', 'statistics'].filter((name) => body.includes(`${name}.`)).map((name) => `import ${name}`);
  const setup = tasks.flatMap((task) => task.setup ?? []);
  return { code: [...modules, ...setup, body].join('\n'), logs: logsOf(tasks) };
}

function logsOf(tasks: readonly Task[]): string {
  const lines: string[] = [];
  for (const { compute } of tasks) {
    try {
      lines.push(show(compute()));
    } catch (error) {
      if (!(error instanceof PyError)) throw error;
      lines.push(error.message);
      break;
    }
  }
  return lines.join('\n');
}

function arithmetic(text: string): Task[] {
  const whole = readExpression(text);
  const isAll = whole !== null && /^\s*=?\s*\??\s*$/.test(text.slice(whole.end));
  if (!isAll && !ASKS.test(text)) return [];
  const percents = [...text.matchAll(PERCENT)].map(([, part = '', of = '']) => `${part} / 100 * ${of}`);
  const roots = [...text.matchAll(ROOT)].map(([, of = '']) => `sqrt(${of})`);
  const spelled = [...percents, ...roots].flatMap((code) => readExpression(code) ?? []);
  const rest = text.replace(PERCENT, ' ').replace(ROOT, ' ');
  return [...spelled, ...expressionsIn(rest)];
}

function expressionsIn(text: string): Task[] {
  const tasks: Task[] = [];
  const starts = /(?<![\p{L}\p{N}.])(?:[-(]*\d|[-(]*(?:sqrt|abs)\()/gu;
  for (let match = starts.exec(text); match !== null; match = starts.exec(text)) {
    const found = readExpression(text.slice(match.index));
    const end = match.index + (found?.end ?? match[0].length);
    const said = text.slice(match.index, end);
    // Dates, ranges of years and the like are no sums.
    const isSum = found !== null && found.operations > 0 && !/\d{4}\s*[-−]\s*\d{2,4}/.test(said);
    if (isSum && !/^[\p{L}\d]/u.test(text.slice(end))) tasks.push(found);
    starts.lastIndex = found === null ? match.index + 1 : end;
  }
  return tasks;
}

function listTask(text: string): Task | null {
  const statistic = STATISTICS.find(({ pattern }) => pattern.test(text));
  const list = LIST.exec(text)?.[1];
  if (statistic === undefined || list === undefined) return null;
  const literals = list.match(/-?\d+(?:\.\d+)?/g) ?? [];
  const values = literals.map((literal) => (literal.includes('.') ? Number(literal) : BigInt(literal)));
  return { code: statistic.code(`[${values.map(show).join(', ')}]`), compute: () => statistic.compute(values) };
}

/** A statistic of the column that the prompt names, or of the only one with numbers. */
function tableTask(prompt: string): Task | null {
  const table = readTable(prompt);
  const statistic = STATISTICS.find(({ pattern }) => pattern.test(prompt));
  const column = table === null ? null : columnFor(table, prompt);
  if (table === null || statistic === undefined || column === null) return null;
  const values = numbersOf(table, column.index) ?? [];
  return {
    setup: `values = [${values.map(show).join(', ')}]  # ${column.name}`,
    code: statistic.code('values'),
    compute: () => statistic.compute(values),
  };
}

function columnFor(table: Table, prompt: string): { index: number; name: string } | null {
  const asked = new Set(terms(withoutTable(prompt, table)));
  const columns = table.head
    .map((name, index) => ({ name, index, named: terms(name).some((word) => asked.has(word)) }))
    .filter(({ index }) => numbersOf(table, index) !== null);
  const named = columns.filter((column) => column.named);
  const [first] = named.length > 0 ? named : columns.length === 1 ? columns : [];
  return first ?? null;
}

/** The lines that ask, without those of the table. */
function withoutTable(prompt: string, { head, rows }: Table): string {
  const cells = [head, ...rows];
  return prompt
    .split('\n')
    .filter((line) => !cells.some((row) => row.every((cell) => line.includes(cell))))
    .join('\n');
}

function isInteger(value: PyNumber): value is bigint {
  return typeof value === 'bigint';
}

/** Floats are summed with their rounding errors made up for, as Python 3.12 does. */
function sum(values: readonly PyNumber[]): PyNumber {
  if (values.every(isInteger)) return values.reduce<PyNumber>((a, b) => apply('+', a, b), 0n);
  let total = 0;
  let lost = 0;
  for (const value of values.map(Number)) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return apply('+', total, lost);
}

function times(left: PyNumber, right: PyNumber): PyNumber {
  return apply('*', left, right);
}

function largest(values: readonly PyNumber[]): PyNumber {
  return values.reduce((a, b) => (b > a ? b : a));
}

function smallest(values: readonly PyNumber[]): PyNumber {
  return values.reduce((a, b) => (b < a ? b : a));
}

function median(values: readonly PyNumber[]): PyNumber {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0n;
  return sorted.length % 2 === 1 ? upper : apply('/', apply('+', sorted[middle - 1] ?? 0n, upper), 2n);
}
