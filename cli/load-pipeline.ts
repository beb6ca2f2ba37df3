import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { codeOf, messageOf, UsageError } from './errors';

/** Name of a pipeline file that stands for standard input. */
export const STDIN = '-';

/**
 * Reads a JSON file, or standard input. What is in it is not judged here.
 * @throws UsageError naming the file, and line and column where it is not JSON; its content is not echoed.
 */
export async function readJsonFile(file: string): Promise<unknown> {
  const name = file === STDIN ? 'standard input' : file;
  return parseJson(file === STDIN ? await text(process.stdin) : await read(file), name);
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reasons: Partial<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EISDIR: 'it is a folder; expected a JSON file',
      EACCES: 'it may not be read',
    };
    const why = reasons[codeOf(error) ?? ''] ?? messageOf(error);
    throw new UsageError(`cannot read ${file}: ${why}`, { cause: error });
  }
}

/** @throws UsageError with the place of the first mistake. */
export function parseJson(source: string, name: string): unknown {
  // Editors of some systems begin a file with a byte order mark, which JSON does not know.
  const json = source.replace(/^\uFEFF/, '');
  if (json.trim() === '') throw new UsageError(`${name} is empty; expected a pipeline as JSON`);
  try {
    return JSON.parse(json);
  } catch {
    // The error itself quotes the text around the mistake, which may be a credential: it is not passed on.
    throw new UsageError(`${name} is not JSON${mistake(json)}`);
  }
}

function mistake(json: string): string {
  const errors: ParseError[] = [];
  parse(json, errors, { disallowComments: true, allowTrailingComma: false });
  const [first] = errors;
  if (!first) return '';
  const before = json.slice(0, first.offset).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `: ${words(printParseErrorCode(first.error))} at line ${before.length}, column ${column}`;
}

/** `PropertyNameExpected`: property name expected. */
function words(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}
