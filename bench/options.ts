import { parseArgs } from 'node:util';

/** The parts of the bench by their letters. `a`, `c` and `d` come from one measurement. */
export const PARTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;
export type PartLetter = (typeof PARTS)[number];

export interface Options {
  parts: PartLetter[];
  /** Small sizes: shows that everything works, its figures say little. */
  quick: boolean;
  /** File for the figures as JSON. */
  json: string;
  /** Steps that wait at once in (b). */
  waiting: number;
  /** Steps in flight in (g), level by level. */
  inFlight: number[];
}

export const HELP = `npm run bench -- [a b c d e f g] [options]
  a c d           time lost between responses, requests, events and actions a step: real waits of up to two minutes
  b               memory of a worker with many steps waiting
  e               time back to progress after kill -9
  f               what a step costs where the provider answers at once
  g               how many steps in flight this machine sustains
  --quick         small sizes: shows that everything works, the figures say little
  --json FILE     where the figures go as JSON (default bench/results.json)
  --waiting N     steps of (b) (default 5000)
  --in-flight L   levels of (g) (default 125,250,500,1000,2000)
`;

/**
 * Reads the command line; undefined where help is asked for.
 * @throws naming the argument that is wrong.
 */
export function readOptions(argv: readonly string[]): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { quick: flag, help: flag, json: text, waiting: text, 'in-flight': text },
  });
  if (values.help) return undefined;
  const quick = values.quick ?? false;
  return {
    parts: positionals.length === 0 ? [...PARTS] : positionals.map(partOf),
    quick,
    json: values.json ?? 'bench/results.json',
    waiting: countOf('--waiting', values.waiting ?? (quick ? '200' : '5000')),
    inFlight: (values['in-flight'] ?? (quick ? '20,40' : '125,250,500,1000,2000'))
      .split(',')
      .map((part) => countOf('--in-flight', part)),
  };
}

function partOf(text: string): PartLetter {
  const part = PARTS.find((letter) => letter === text);
  if (part) return part;
  throw new Error(`expected letters of ${PARTS.join(' ')}, got "${text}"\n${HELP}`);
}

function countOf(name: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`${name} expects whole numbers above 0, got "${text}"\n${HELP}`);
}
