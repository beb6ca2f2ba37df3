import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { FAILURES } from '../../contract/failures';
import { run, clientFor } from './helpers';

const ROOT = path.join(__dirname, '../..');
const OTHER_ROOMS = ['contract', 'prompts', 'workflows', 'activities', 'openai', 'store', 'worker', 'client', 'cli'];

/** Sources of a room as one text a file. */
function sources(room: string): { file: string; text: string }[] {
  const names = readdirSync(path.join(ROOT, room), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ file: `${room}/${name}`, text: readFileSync(path.join(ROOT, room, name), 'utf8') }));
}

test('imports nothing of this project but itself, and only packages that are declared', () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const files = sources('emulator');
  expect(files.length).toBeGreaterThan(50);
  for (const { file, text } of files) {
    for (const [, specifier = ''] of text.matchAll(/(?:\bfrom|\bimport|\brequire\()\s*'([^']+)'/g)) {
      if (specifier.startsWith('node:')) continue;
      const target = specifier.startsWith('.') ? path.join(path.dirname(file), specifier) : undefined;
      const own = target?.startsWith(`emulator${path.sep}`) || target === 'emulator';
      const known = Object.keys(dependencies).some((name) => specifier === name || specifier.startsWith(`${name}/`));
      expect([file, specifier, own || known]).toEqual([file, specifier, true]);
    }
  }
});

/** Names by which the engine would be recognised: its metadata keys, activity, query and failure names, its prompts. */
function engineNames(): string[] {
  const metadata = /return \{\s*namespace[^}]*\}/.exec(
    readFileSync(path.join(ROOT, 'activities/create-response.ts'), 'utf8'),
  );
  const keys = [...(metadata?.[0] ?? '').matchAll(/^\s+(\w+_\w+):/gm)].map(([, key]) => key ?? '');
  const prompts = sources('prompts').flatMap(({ text }) => [...text.matchAll(/`([^`$]{12,}?)[`$]/g)]);
  return [
    ...keys,
    ...Object.keys(FAILURES),
    ...prompts.map(([, name]) => name ?? ''),
    'durableResearch.',
    '`await:',
    '`create:',
    'investigate-',
  ];
}

test('knows no prompt, role, metadata key or failure name of the engine', () => {
  const names = engineNames();
  expect(names).toEqual(
    expect.arrayContaining([
      'workflow_id',
      'step_id',
      'CreateAmbiguous',
      '[Note of the research engine, not a source: step "',
    ]),
  );
  const texts = sources('emulator').map(({ file, text }) => ({
    file,
    code: text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, ''),
  }));
  for (const name of names) {
    const found = texts.filter(({ code }) => code.includes(name)).map(({ file }) => file);
    expect([name, found]).toEqual([name, []]);
  }
});

test('runs alone from the packed tarball, without any other room', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'emulator-alone-'));
  try {
    const packing = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const [packed] = JSON.parse(execFileSync('npm', packing, { cwd: ROOT, encoding: 'utf8' })) as {
      filename: string;
    }[];
    execFileSync(
      'tar',
      ['-xzf', packed?.filename ?? '', ...OTHER_ROOMS.map((room) => `--exclude=package/dist/${room}`)],
      { cwd: folder },
    );
    expect(readdirSync(path.join(folder, 'package/dist'))).not.toContain('contract');
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    const args = [
      path.join(folder, 'package/dist/emulator/main.js'),
      '--port',
      '0',
      '--data',
      'data',
      '--seconds',
      '0',
    ];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const answer = await run(clientFor((JSON.parse(line) as { url: string }).url), { input: 'What is Raft?' });
      expect(answer).toMatchObject({ status: 'completed', output_text: expect.stringMatching(/replicated log/) });
    } finally {
      child.kill('SIGKILL');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
