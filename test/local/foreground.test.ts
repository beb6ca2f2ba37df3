import { spawn } from 'node:child_process';
import { findRunning } from '../../local';
import { isRunning } from '../../local/processes';
import { fixtureCommand, Home, plainEnvironment, until } from './harness';

let home: Home;

beforeEach(() => {
  home = new Home();
});

afterEach(() => home.dispose());

function foreground() {
  const child = spawn(process.execPath, [...fixtureCommand('foreground.ts'), home.path], {
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  return { child, output: () => output };
}

test('runs the same services in the terminal until Ctrl-C, for other commands too', async () => {
  const { child, output } = foreground();
  await until('it is ready', () => output().includes('READY'));
  expect(output()).toContain('[worker] a line that is no JSON');
  const stack = await home.ensure();
  expect(stack.supervisorPid).toBe(child.pid);
  expect(await findRunning(home.path)).toEqual(stack);
  // Somebody's terminal is not taken over for a change of settings.
  await expect(home.ensure({ OPENAI_API_KEY: 'sk-other' })).rejects.toThrow(
    /run in a terminal.*To use them, unset OPENAI_API_KEY here\. /,
  );

  const second = foreground();
  await until('the second has given up', () => second.child.exitCode !== null);
  expect(second.output()).toMatch(new RegExp(`FAILED .*run already \\(pid ${child.pid}\\).*durable-research stop`));

  const { processes } = home.state();
  child.kill('SIGINT');
  await until('it has ended', () => child.exitCode !== null);
  expect(child.exitCode).toBe(0);
  expect(home.read('worker-drained')).toBe('drained\n');
  expect(Object.values(processes).filter(isRunning)).toEqual([]);
});
