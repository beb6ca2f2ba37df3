import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../cli/errors';
import { parseJson, readJsonFile } from '../../cli/load-pipeline';

describe('JSON', () => {
  test.each([
    ['{"steps": [\n  {"id": "a",}\n]}', 'p.json is not JSON: property name expected at line 2, column 14'],
    ['hello', 'p.json is not JSON: invalid symbol at line 1, column 1'],
    ['{"a": tru}', 'p.json is not JSON: invalid symbol at line 1, column 7'],
    ['{"steps": [', 'p.json is not JSON: close bracket expected at line 1, column 12'],
    ['{"a": 1 // why\n}', 'p.json is not JSON: invalid comment token at line 1, column 9'],
    [' \n', 'p.json is empty; expected a pipeline as JSON'],
  ])('%j is refused with its place', (source, message) => {
    expect(() => parseJson(source, 'p.json')).toThrow(new UsageError(message));
  });

  test('a mistake beside a credential does not show it', () => {
    const source = '{"key": "sk-1234567890abcdefghijklmnop" oops}';
    expect(() => parseJson(source, 'p.json')).toThrow(/^((?!sk-).)*$/);
  });

  test('may begin with a byte order mark', () => {
    expect(parseJson('\uFEFF{"a": 1}', 'p.json')).toEqual({ a: 1 });
  });
});

describe('a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'durable-research-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is read', async () => {
    const file = join(folder, 'pipeline.json');
    await writeFile(file, '{"steps": []}');
    expect(await readJsonFile(file)).toEqual({ steps: [] });
  });

  test('that is not there is named', async () => {
    const file = join(folder, 'none.json');
    await expect(readJsonFile(file)).rejects.toThrow(`cannot read ${file}: there is no such file`);
    await expect(readJsonFile(folder)).rejects.toThrow('it is a folder; expected a JSON file');
  });
});
