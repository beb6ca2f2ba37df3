import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { z } from 'zod';
import { codeSpans, type Doc, doc, docs, fences, prose, read, ROOT } from './markdown';

const pages = docs.map((page): [string, Doc] => [page.path, page]);
const tracked = new Set(readdirSync(ROOT));

describe.each(pages)('%s', (path, page) => {
  test('links lead somewhere', () => {
    const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const local = targets.filter((target) => !/^https?:/.test(target));
    expect(local.filter((target) => !leadsSomewhere(path, target))).toEqual([]);
  });

  test('paths that are named exist', () => {
    const named = codeSpans(page).filter(looksLikePath);
    expect(named.filter((name) => !exists(name) && !liesBeside(path, name))).toEqual([]);
  });

  test('scripts and commands that are named exist', () => {
    const scripts = [...page.text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(scripts.filter((name) => !(name in SCRIPTS))).toEqual([]);
    const lines = [...codeSpans(page), ...fences(page).flatMap(({ content }) => content.split('\n'))];
    const commands = lines.flatMap((line) => [...line.matchAll(/(?:npx |^)durable-research (\w+)/g)]);
    expect(commands.map(([, name = '']) => name).filter((name) => !COMMANDS.includes(name))).toEqual([]);
  });

  test("nothing of somebody's own machine is in it", () => {
    expect(page.text).not.toMatch(/\/(?:root|work|home\/\w+|Users)\//);
  });
});

const SCRIPTS = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json'))).scripts;
const COMMANDS = [...read('cli/program.ts').matchAll(/\.command\('(\w+)/g)].map(([, name = '']) => name);

function leadsSomewhere(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from : normalize(join(dirname(from), file));
  if (!existsSync(join(ROOT, path))) return false;
  return anchor === undefined || headings(doc(path)).includes(anchor);
}

/** Anchors of a page, as they are made of its headings. */
function headings({ text }: Doc): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** A path from the root: it begins with something that lies there, or is a file there by its looks. */
function looksLikePath(span: string): boolean {
  if (!/^[\w.*/-]+$/.test(span)) return false;
  const [first = '', ...rest] = span.split('/');
  return rest.length > 0
    ? tracked.has(first) && first !== '.durable-research'
    : /^[\w.-]+\.(?:md|yml|json|ts|js)$/.test(span) && span !== 'supervisor.json';
}

/** An example speaks of its own files by their names. */
function liesBeside(path: string, name: string): boolean {
  return existsSync(join(ROOT, dirname(path), name));
}

function exists(name: string): boolean {
  if (!name.includes('*')) return existsSync(join(ROOT, name));
  const pattern = new RegExp(`^${name.split('/').at(-1)?.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  return readdirSync(join(ROOT, dirname(name))).some((file) => pattern.test(file));
}

test('the README shows a run by line 15 and stays short', () => {
  const lines = doc('README.md').text.split('\n');
  expect(lines.slice(0, 15).some((line) => line.startsWith('npm ci && npm start -- "'))).toBe(true);
  expect(lines.length).toBeLessThanOrEqual(210);
});

test('AGENTS.md is under 150 lines', () => {
  expect(doc('AGENTS.md').text.split('\n').length).toBeLessThan(150);
});

test('the number of texts that the emulator has is right', () => {
  const texts = readdirSync(join(ROOT, 'emulator/corpus')).filter((name) => name.endsWith('.md'));
  expect(doc('README.md').text).toContain(`its own ${texts.length} texts`);
});
