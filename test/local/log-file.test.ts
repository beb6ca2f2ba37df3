import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LogFile } from '../../local/log-file';

test('a log keeps its newest lines and never grows beyond twice its bound', () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'local-log-'));
  try {
    const log = new LogFile(path.join(directory, 'logs', 'service.log'), 1_000);
    for (let line = 0; line < 500; line++) log.add(`line ${line}`);
    const size = statSync(log.file).size + statSync(`${log.file}.1`).size;
    expect(size).toBeLessThan(2_400);
    expect(readFileSync(log.file, 'utf8').trimEnd().endsWith('line 499')).toBe(true);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
