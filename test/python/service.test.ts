import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { OtherClient } from '../examples/other-client';
import { pythonWithSdk } from './environment';

const PROGRAM = '.venv/bin/python ';

const found = pythonWithSdk();
const inPython = 'reason' in found ? describe.skip : describe;

inPython('examples/service-python', () => {
  let other: OtherClient;
  beforeAll(async () => {
    other = await OtherClient.create('service-python', {});
    if ('folder' in found) await symlink(found.folder, join(other.clone.folder, '.venv'));
  });
  afterAll(() => other.close());

  test('starts a run, decides what it asks, prints its text; started twice it is one run', async () => {
    const bought = await other.type(PROGRAM, 'one', 'y\n');
    expect(bought).toMatch(/^completed\n[^]*quantity 2/);
    expect(await other.type(PROGRAM, 'one', '')).toBe(bought);
    expect(await other.orders()).toBe(1);
  });

  test('a rejection with its reason', async () => {
    const rejected = await other.type(PROGRAM, 'two', 'we have three\n');
    expect(rejected).toMatch(/^completed\n[^]*rejected and not made: we have three/);
    expect(await other.orders()).toBe(1);
  });
});
