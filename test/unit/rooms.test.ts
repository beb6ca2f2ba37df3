import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '../..');
const ROOMS = [
  'contract',
  'codec',
  'prompts',
  'store',
  'tools',
  'openai',
  'workflows',
  'activities',
  'worker',
  'client',
  'gateway',
  'emulator',
  'local',
  'cli',
];

/** What each room may import; `types` for types alone. The same table as in docs/ARCHITECTURE.md. */
const ARROWS: Record<string, string[]> = {
  contract: [],
  codec: ['contract'],
  prompts: ['contract'],
  store: ['contract'],
  tools: ['contract'],
  openai: ['contract'],
  emulator: [],
  workflows: ['contract', 'prompts', 'types:activities'],
  activities: ['openai', 'store', 'prompts', 'contract', 'types:tools'],
  worker: ['activities', 'openai', 'store', 'tools', 'codec', 'contract'],
  client: ['codec', 'contract', 'types:workflows'],
  gateway: ['client', 'openai', 'codec', 'contract'],
  local: ['worker', 'gateway', 'emulator', 'contract'],
  cli: ['local', 'client', 'worker', 'gateway', 'emulator', 'codec', 'contract'],
};

/** Lints one file per room that imports every other room, as value and as type; returns `room<room` of what is refused. */
function refusedImports(): Set<string> {
  const folder = mkdtempSync(join(ROOT, '.rooms-test-'));
  try {
    for (const room of ROOMS) {
      const others = ROOMS.filter((other) => other !== room);
      const lines = others.flatMap((other, i) => [
        `import { v${i} } from '../${other}/anything';`,
        `import type { T${i} } from '../${other}/anything';`,
        `export const x${i}: T${i} = v${i};`,
      ]);
      const file = join(folder, room, 'probe.ts');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, lines.join('\n'));
    }
    writeFileSync(join(folder, 'contract', 'sdk.ts'), "import OpenAI from 'openai';\nexport const sdk = OpenAI;\n");
    writeFileSync(join(folder, 'workflows', 'fs.ts'), "import fs from 'node:fs';\nexport const open = fs;\n");
    // The rules name folders relative to their own file, so they are tried on a copy of the house.
    copyFileSync(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    const { stdout } = spawnSync(
      process.execPath,
      [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '--format', 'json', '.'],
      { cwd: folder, encoding: 'utf8' },
    );
    return parseRefusals(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function parseRefusals(stdout: string): Set<string> {
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { code: string; filename: string; message: string; labels: { span: { line: number } }[] }[];
  };
  const refused = new Set<string>();
  for (const { code, filename, message, labels } of diagnostics) {
    if (!code.includes('no-restricted-imports')) continue;
    const room = /(\w+)\/\w+\.ts$/.exec(filename)?.[1] ?? filename;
    const target = /^'(?:\.\.\/)?([^'/]+)/.exec(message)?.[1] ?? message;
    const isType = ((labels[0]?.span.line ?? 0) - 1) % 3 === 1;
    refused.add(`${room} ${isType ? 'types:' : ''}${target}`);
  }
  return refused;
}

test('the linter refuses every import between rooms that is not an arrow, and no other', () => {
  const refused = refusedImports();
  const expected = new Set(['contract openai', 'workflows node:fs', 'contract types:openai']);
  for (const room of ROOMS) {
    for (const other of ROOMS.filter((name) => name !== room)) {
      const allowed = ARROWS[room] ?? [];
      if (!allowed.includes(other)) expected.add(`${room} ${other}`);
      if (!allowed.includes(other) && !allowed.includes(`types:${other}`)) expected.add(`${room} types:${other}`);
    }
  }
  expect([...refused].toSorted()).toEqual([...expected].toSorted());
});
