import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PipelineResult } from '../../client';
import { makePdf } from '../emulator/pdf-fixture';
import { CliHome } from './cli';

/** Forty files of a team: minutes and notes that say nothing of it, and one of each kind that holds a fact. */
const FACTS = {
  'decisions/storage.md':
    '# Storage\n\nThe billing ledger is kept in a PostgreSQL cluster named Saffron, in the Zurich region.',
  'handbook/on-call.html':
    '<html><head><title>On call</title><style>p{color:red}</style></head><body><h1>On call</h1><p>Whoever is on call for the telescope array carries the turquoise pager.</p></body></html>',
} as const;
const PDF_FACT = 'The annual budget of the Halley observatory is 412 thousand crowns.';

let home: CliHome;
let folder: string;

beforeAll(async () => {
  home = await CliHome.create();
  folder = join(home.folder, 'team');
  await Promise.all(['notes', 'decisions', 'handbook'].map((name) => mkdir(join(folder, name), { recursive: true })));
  for (let i = 1; i <= 37; i += 1) {
    const text = `Minutes of meeting ${i}\n\nWe talked about the seating plan of floor ${i}, the coffee machine and the next excursion.\n`;
    await writeFile(join(folder, 'notes', `meeting-${i}.${i % 2 ? 'md' : 'txt'}`), text);
  }
  for (const [name, text] of Object.entries(FACTS)) await writeFile(join(folder, name), text);
  await writeFile(join(folder, 'handbook', 'budget.pdf'), makePdf([PDF_FACT]));
});
afterAll(() => home.remove());

test.each([
  ['Where is the billing ledger kept?', /Saffron/, 'decisions/storage.md'],
  ['Who carries the turquoise pager?', /telescope array/, 'handbook/on-call.html'],
  ['What is the annual budget of the Halley observatory?', /412 thousand crowns/, 'handbook/budget.pdf'],
])(
  '%s',
  async (question, fact, file) => {
    const { code, stdout, stderr } = await home.run(['run', question, '--files', folder, '--json']);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const result = JSON.parse(stdout) as PipelineResult;
    expect(result.text).toMatch(fact);
    expect(result.citations.map(({ title }) => title)).toContain(file);
    expect(stderr).toMatch(/40/);
  },
  120_000,
);
