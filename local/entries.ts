import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { NodeProgram } from './service';

/** The programs that the embedded parts consist of, each as arguments for `node`, the program's file last. */
export const entriesSchema = z.object({
  supervisor: z.array(z.string()).min(1),
  worker: z.array(z.string()).min(1),
  emulator: z.array(z.string()).min(1),
});
export type Entries = z.infer<typeof entriesSchema>;

function packageRoot(): string {
  let directory = __dirname;
  while (!existsSync(path.join(directory, 'package.json'))) directory = path.dirname(directory);
  return directory;
}

/** The programs of this package, as the build made them. */
export function builtEntries(): Entries {
  const built = path.join(packageRoot(), 'dist');
  return {
    supervisor: [path.join(built, 'local', 'supervisor-main.js')],
    worker: [path.join(built, 'worker', 'main.js')],
    emulator: [path.join(built, 'emulator', 'main.js')],
  };
}

/** The program's own file, with all that was built together with it. */
function filesOf(program: NodeProgram): string[] {
  const file = program.at(-1) ?? '';
  if (!existsSync(file)) throw new Error(`${file} is missing; run \`npm run build\``);
  const built = path.dirname(path.dirname(file));
  if (path.basename(built) !== 'dist') return [file];
  return readdirSync(built, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => path.join(built, name));
}

/** Names a build of the package: its version and the time of its newest file. Throws when a program was not built. */
export function buildOf(entries: Entries): string {
  const manifest: unknown = JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8'));
  const { version } = z.object({ version: z.string() }).parse(manifest);
  const files = Object.values(entries).flatMap(filesOf);
  const newest = Math.max(...files.map((file) => Math.floor(statSync(file).mtimeMs)));
  return `${version} of ${new Date(newest).toISOString()}`;
}
