import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as activities from '../../activities';
import * as client from '../../client';
import { FAILURES } from '../../contract/failures';
import { ledgerSchema } from '../../contract/ledger';
import { pipelineInputSchema, pipelineResultSchema } from '../../contract/pipeline';
import { contextSchema, stepSchema } from '../../contract/step';
import * as emulator from '../../emulator';
import { CATALOGUE } from '../../emulator/faults/catalogue';
import { OPERATIONS } from '../../emulator/faults/operations';
import { emulatorOptionsSchema } from '../../emulator/options';
import * as tools from '../../tools';
import * as worker from '../../worker';
import * as workflow from '../../workflows';
import { doc, read, ROOT, spansOf, tableRows } from './markdown';

const ROOMS = 'contract codec prompts workflows activities openai store worker client emulator local cli'.split(' ');
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].toSorted();

/** TypeScript files below a folder. */
function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);
}

function variablesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([name]) => name);
}

describe('docs/configuration.md', () => {
  const page = doc('docs/configuration.md');
  const code = [...ROOMS, 'test/live'].flatMap(sources).map(read).join('\n');

  test('names the settings of the code, and no others', () => {
    const own = /\b(?:DURABLE_RESEARCH|OPENAI)_[A-Z]\w*\b/g;
    expect(sorted(variablesIn(page.text, own))).toEqual(sorted(variablesIn(code, own)));
  });

  test("names Temporal's settings that the code reads, and others only where Temporal's own library reads them", () => {
    const temporal = /\bTEMPORAL_[A-Z]\w*\b/g;
    const named = variablesIn(page.text, temporal);
    const ours = sorted(variablesIn(code, temporal)).filter((name) => !code.includes(`const ${name} `));
    expect(ours.filter((name) => !named.includes(name))).toEqual([]);
    const library = read('node_modules/@temporalio/envconfig/lib/envconfig-toml.js');
    expect(named.filter((name) => !ours.includes(name) && !library.includes(name))).toEqual([]);
  });

  test('names the commands and flags of the command line, and no others', () => {
    const documented = tableRows(page, 'Commands').map(([command = '', flags]): [string, string[]] => [
      spansOf(command)[0]?.split(' ')[0] ?? '',
      spansOf(flags).toSorted(),
    ]);
    expect(Object.fromEntries(documented)).toEqual(flagsByCommand());
  });
});

/** Flags of each command, by the program's own text. */
function flagsByCommand(): Record<string, string[]> {
  const [, ...commands] = read('cli/program.ts').split(".command('");
  return Object.fromEntries(
    commands.map((text) => {
      const name = /^[\w-]+/.exec(text)?.[0] ?? '';
      return [name, sorted([...text.matchAll(/option\('(--[a-z-]+)/gm)].map(([, flag = '']) => flag))];
    }),
  );
}

test("docs/emulator.md names the emulator's flags and options, and no others", () => {
  const rows = tableRows(doc('docs/emulator.md'), 'Options and flags');
  const flags = [...emulator.emulatorFlagsHelp.matchAll(/^(--[a-z-]+)/gm)].map(([, flag = '']) => flag);
  expect(sorted(rows.flatMap(([flag]) => spansOf(flag)))).toEqual(sorted(flags));
  expect(sorted(rows.flatMap(([, option]) => spansOf(option)))).toEqual(
    sorted(Object.keys(emulatorOptionsSchema.shape)),
  );
});

test('docs/emulator.md names every fault with what it is counted on, and every operation', () => {
  const page = doc('docs/emulator.md');
  const rows = tableRows(page, 'Faults by name').map(([name, , on]) => [spansOf(name)[0], on]);
  const known = Object.entries(CATALOGUE).map(([name, { on }]) => [name, on]);
  expect(Object.fromEntries(rows)).toEqual({ ...Object.fromEntries(known), http_STATUS: 'create' });
  const operations = tableRows(page, 'Operations').flatMap(([names]) => spansOf(names));
  expect(sorted(operations)).toEqual(sorted(OPERATIONS));
});

test('docs/ARCHITECTURE.md has the arrows that the linter is held to', () => {
  const table = /const ARROWS[^{]*{([^}]*)}/.exec(read('test/unit/rooms.test.ts'))?.[1] ?? '';
  const arrows = [...table.matchAll(/(\w+): \[([^\]]*)\]/g)].map(([, room = '', targets = '']): [string, string[]] => [
    room,
    sorted([...targets.matchAll(/'([\w:]+)'/g)].map(([, target = '']) => target)),
  ]);
  const documented = tableRows(doc('docs/ARCHITECTURE.md'), 'Arrows').map(
    ([room = '', targets = '']): [string, string[]] => [
      room,
      targets.startsWith('nothing')
        ? []
        : sorted(targets.split(', ').map((target) => target.replace(/^types of /, 'types:'))),
    ],
  );
  expect(arrows.length).toBeGreaterThan(10);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(arrows));
});

test('docs/ARCHITECTURE.md has every failure type with its decision', () => {
  const rows = tableRows(doc('docs/ARCHITECTURE.md'), 'Failures: the name is the decision');
  expect(Object.fromEntries(rows.map(([type, decision]) => [spansOf(type)[0], decision]))).toEqual(FAILURES);
});

describe('docs/pipeline.md names every field', () => {
  const page = doc('docs/pipeline.md');
  test.each([
    ['The object', pipelineInputSchema],
    ['A step', stepSchema],
    ['Context', contextSchema],
    ['Result', pipelineResultSchema],
    ['Ledger', ledgerSchema],
  ])('%s', (heading, schema) => {
    const documented = tableRows(page, heading).flatMap(([field]) => spansOf(field));
    expect(sorted(documented)).toEqual(sorted(Object.keys(schema.shape)));
  });
});

test('docs/client.md names what each entry exports', () => {
  const rows = tableRows(doc('docs/client.md'), 'In your own code');
  const documented = rows.map(([entry, , names]) => [spansOf(entry)[0], sorted(spansOf(names))]);
  expect(Object.fromEntries(documented)).toEqual({
    'durable-research': sorted(Object.keys(client)),
    'durable-research/workflow': sorted(Object.keys(workflow)),
    'durable-research/tools': sorted(Object.keys(tools)),
    'durable-research/worker': sorted(Object.keys(worker)),
    'durable-research/activities': sorted(Object.keys(activities)),
    'durable-research/emulator': sorted(Object.keys(emulator)),
  });
});

describe('docs/failures.md', () => {
  const page = doc('docs/failures.md');
  const shown = [...page.text.matchAll(/`(test\/[^`]+\.test\.ts)` "([^"]+)"/g)].map(
    ([, file = '', name = '']): [string, string] => [file, name],
  );

  test('nearly every failure has a test', () => {
    expect(shown.length).toBeGreaterThan(20);
    expect(shown.length).toBe((page.text.match(/test\/\S+\.test\.ts/g) ?? []).length);
  });

  const rows = page.text.split('\n').map((line) => line.split('|').slice(1, -1));
  const namedIn = (column: number): Set<string> => new Set(rows.flatMap((cells) => spansOf(cells[column])));

  test('every fault of the emulator has a row', () => {
    const named = namedIn(0);
    expect([...Object.keys(CATALOGUE), 'http_STATUS'].filter((name) => !named.has(name))).toEqual([]);
  });

  test('every failure type has a row', () => {
    const named = namedIn(1);
    expect(Object.keys(FAILURES).filter((type) => !named.has(type))).toEqual([]);
  });

  test('every row has a test, but for the power of a machine', () => {
    const cells = rows.filter(
      ([, , cost, test]) => test !== undefined && !/^ *(?:-+|what it costs) *$/.test(cost ?? ''),
    );
    const without = cells.filter(([, , , test]) => !/`test\/[^`]+`/.test(test ?? '')).map(([what = '']) => what.trim());
    expect(without).toEqual(["the machine's power"]);
  });

  test.each(shown)('%s holds "%s"', (file, name) => {
    expect(existsSync(join(ROOT, file))).toBe(true);
    expect(titles(read(file)).some((title) => title.includes(name))).toBe(true);
  });
});

/** Titles of the tests in a file. */
function titles(source: string): string[] {
  return [...source.matchAll(/(['"`])((?:(?!\1|\n)[^\\]|\\.)+)\1,\s*(?:async )?\(/g)].map(([, , title = '']) =>
    title.replace(/\\(.)/g, '$1'),
  );
}
