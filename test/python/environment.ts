import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Kept between runs: an installation takes about ten seconds. */
const FOLDER = path.join(os.tmpdir(), 'durable-research-python-sdk');

const QUIET = { stdio: 'pipe' } as const;

/** The Python of an environment with the official SDK, made when missing; or why there is none. */
export function pythonWithSdk(): { python: string } | { reason: string } {
  const python = path.join(FOLDER, 'bin', 'python');
  try {
    if (!existsSync(path.join(FOLDER, 'ready'))) {
      mkdirSync(FOLDER, { recursive: true });
      execFileSync('python3', ['-m', 'venv', FOLDER], QUIET);
      execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'openai'], QUIET);
      mkdirSync(path.join(FOLDER, 'ready'));
    }
    return { python };
  } catch (error) {
    const [line] = String(error instanceof Error ? error.message : error).split('\n');
    return { reason: `the official Python SDK cannot be installed: ${line}` };
  }
}
