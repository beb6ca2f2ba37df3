import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Kept between runs: an installation takes about ten seconds. */
const FOLDER = path.join(os.tmpdir(), 'durable-research-python');
const REQUIREMENTS = path.join(__dirname, '../../examples/service-python/requirements.txt');

const QUIET = { stdio: 'pipe' } as const;

/** An environment with OpenAI's and Temporal's official SDKs, made when missing; or why there is none. */
export function pythonWithSdk(): { folder: string; python: string } | { reason: string } {
  const python = path.join(FOLDER, 'bin', 'python');
  const ready = path.join(FOLDER, 'ready');
  const wanted = readFileSync(REQUIREMENTS, 'utf8');
  try {
    if (!existsSync(ready) || readFileSync(ready, 'utf8') !== wanted) {
      mkdirSync(FOLDER, { recursive: true });
      execFileSync('python3', ['-m', 'venv', FOLDER], QUIET);
      const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'openai', '-r', REQUIREMENTS];
      execFileSync(python, install, QUIET);
      writeFileSync(ready, wanted);
    }
    return { folder: FOLDER, python };
  } catch (error) {
    const [line] = String(error instanceof Error ? error.message : error).split('\n');
    return { reason: `the official Python SDKs cannot be installed: ${line}` };
  }
}
