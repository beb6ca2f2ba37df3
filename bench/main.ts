import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { type Figure } from './figures';
import { HELP, type Options, type PartLetter, readOptions } from './options';
import { capacity } from './parts/capacity';
import { memory } from './parts/memory';
import { overhead } from './parts/overhead';
import { restart } from './parts/restart';
import { waits } from './parts/waits';
import { table } from './report';

type Measurement = { parts: PartLetter[]; run: (options: Options) => Promise<Figure[]> };

/** What costs little time comes first. */
const MEASUREMENTS: Measurement[] = [
  { parts: ['f'], run: overhead },
  { parts: ['e'], run: restart },
  { parts: ['a', 'c', 'd'], run: waits },
  { parts: ['b'], run: memory },
  { parts: ['g'], run: capacity },
];

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return void process.stdout.write(HELP);
  const figures: Figure[] = [];
  for (const { parts, run } of MEASUREMENTS) {
    const wanted = parts.filter((part) => options.parts.includes(part));
    if (wanted.length === 0) continue;
    process.stderr.write(`measuring ${wanted.join(', ')} …\n`);
    const measured = await run(options);
    figures.push(...measured.filter(({ part }) => wanted.some((letter) => letter === part)));
  }
  figures.sort((a, b) => a.part.localeCompare(b.part));
  const machine = `${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  writeFileSync(options.json, `${JSON.stringify({ at: new Date().toISOString(), machine, figures }, null, 2)}\n`);
  process.stdout.write(`${table(figures)}\n\n${machine}. As JSON: ${options.json}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
