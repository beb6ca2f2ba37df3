import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { notificationSchema } from '../../contract/activities';
import { pipelineResultSchema, planPipeline } from '../../contract/pipeline';
import { priceTableSchema } from '../../contract/prices';
import { parseMcpConfig } from '../../tools/mcp/config';
import { docs, type Fence, fences, read, ROOT } from './markdown';

const all = docs.flatMap(fences);
const place = ({ doc, line }: Fence): string => `${doc}:${line}`;
const ofLanguage = (language: string): [string, Fence][] =>
  all.filter((fence) => fence.language === language).map((fence) => [place(fence), fence]);

test('there are snippets, of known languages', () => {
  expect(ofLanguage('ts').length).toBeGreaterThanOrEqual(5);
  expect(ofLanguage('json').length).toBeGreaterThanOrEqual(2);
  const languages = new Set(all.map(({ language }) => language));
  expect([...languages].filter((name) => !['', 'text', 'ts', 'json', 'toml', 'python'].includes(name))).toEqual([]);
});

test('every TypeScript snippet compiles against the package', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'durable-research-docs-')));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const snippets = ofLanguage('ts').map(([name, { content }], index) => {
      const file = `${index}-${name.replace(/\W+/g, '-')}.ts`;
      // Without an import or export of its own a snippet would share its names with the others.
      writeFileSync(join(folder, file), `${content}\nexport {};\n`);
      return file;
    });
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig(snippets)));
    const compiler = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(compiler.stderr).toBe('');
    // Paths are relative to the folder. What is wrong in the sources themselves is told by `npm run types`.
    expect(compiler.stdout.split('\n').filter((line) => /^\w.*error TS/.test(line))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The package's entries as their sources, so that the snippets meet the code as it is and not the last build. */
function tsconfig(files: string[]): object {
  const { exports } = z
    .object({ exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string() })])) })
    .parse(JSON.parse(read('package.json')));
  const entries = Object.entries(exports).flatMap(([entry, target]) => {
    if (typeof target === 'string') return [];
    const source = target.types.replace(/^\.\/dist\//, '').replace(/\.d\.ts$/, '.ts');
    return [[entry.replace(/^\./, 'durable-research'), [join(ROOT, source)]] as const];
  });
  const paths = { ...Object.fromEntries(entries), ms: [join(ROOT, 'node_modules/ms/dist/index.d.ts')] };
  return { extends: join(ROOT, 'tsconfig.json'), compilerOptions: { paths, types: ['node'] }, files };
}

test.each(ofLanguage('json'))('%s is JSON that the package takes or gives', (_place, { content }) => {
  const value: unknown = JSON.parse(content);
  expect(() => kindOf(value)(value)).not.toThrow();
});

function kindOf(value: unknown): (value: unknown) => unknown {
  const fields = Object.keys(z.record(z.string(), z.unknown()).parse(value));
  if (fields.includes('outcome')) return (result) => pipelineResultSchema.parse(result);
  if (fields.includes('steps')) return planPipeline;
  if (fields.includes('models')) return (prices) => priceTableSchema.parse(prices);
  if (fields.some((name) => /[mM]cpServers$/.test(name))) return readMcp;
  if (fields.includes('type')) return (event) => notificationSchema.parse(event);
  throw new Error(`expected a pipeline, a result, prices or a notification, got fields ${fields.join(', ')}`);
}

/** With whatever variables it names. */
function readMcp(config: unknown): unknown {
  const names = [...JSON.stringify(config).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name, 'some-value']);
  return parseMcpConfig(config, Object.fromEntries(names) as NodeJS.ProcessEnv, 'docs');
}
