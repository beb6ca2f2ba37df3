import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { findTemporal } from '../../local';
import { waitForEnd } from '../../local/processes';
import { fixtureCommand, identity, plainEnvironment, until } from './harness';

const CLI = '#!/bin/sh\necho temporal version 9.9.9\n';
const SYSTEM_PATH = '/usr/bin:/bin';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'local-ladder-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function script(name: string, content: string): string {
  const file = path.join(directory, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  return file;
}

/** Nothing on the PATH but the test's own `bin`, an empty cache, and no way to the download. */
function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return plainEnvironment({
    PATH: `${path.join(directory, 'bin')}:${SYSTEM_PATH}`,
    XDG_CACHE_HOME: path.join(directory, 'cache'),
    HTTPS_PROXY: 'http://127.0.0.1:1',
    ...more,
  });
}

const cached = () => path.join(directory, 'cache', 'durable-research', `temporal-${process.platform}-${process.arch}`);

/** In place of Go: installs a program as `go install` does, after noting that it was called. */
const goThat = (action: string) => `#!/bin/sh
echo $$ >> "${directory}/go-calls"
echo "$@" >> "${directory}/go-arguments"
${action}
printf '#!/bin/sh\\necho temporal version 1.5.1\\n' > "$GOBIN/temporal" && chmod +x "$GOBIN/temporal"
`;

const goCalls = () => {
  const file = path.join(directory, 'go-calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
};

test('a server that TEMPORAL_ADDRESS or a named profile gives comes before everything', async () => {
  script('bin/temporal', CLI);
  const config = path.join(directory, 'temporal.toml');
  writeFileSync(config, '[profile.team]\naddress = "team.example:7233"\n');
  expect(await findTemporal({ env: environment({ TEMPORAL_ADDRESS: 'one.example:7233' }) })).toEqual({
    kind: 'server',
    address: 'one.example:7233',
  });
  const named = { TEMPORAL_CONFIG_FILE: config, TEMPORAL_PROFILE: 'team' };
  expect(await findTemporal({ env: environment(named) })).toEqual({ kind: 'server', address: 'team.example:7233' });
});

test('then a `temporal` on the PATH, unless it is something else of that name', async () => {
  const onPath = script('bin/temporal', CLI);
  const inCache = script(path.relative(directory, cached()), CLI);
  expect(await findTemporal({ env: environment() })).toEqual({ kind: 'executable', path: onPath, from: 'path' });

  script('bin/temporal', '#!/bin/sh\necho a program about time\n');
  expect(await findTemporal({ env: environment() })).toEqual({ kind: 'executable', path: inCache, from: 'cache' });
});

test('when nothing works the error lists each way with its reason, and what to install', async () => {
  const failed = findTemporal({ env: environment() });
  await expect(failed).rejects.toThrow(
    /TEMPORAL_ADDRESS: not set[^]*on the PATH: there is none[^]*is not there[^]*download[^]*client error[^]*no `go` on the PATH[^]*docs.temporal.io\/cli[^]*go.dev/,
  );
  await expect(failed).rejects.toMatchObject({ name: 'TemporalNotFoundError', tried: expect.any(Array) });
  expect(readdirSync(path.dirname(cached()))).toEqual(['lock']);
});

test('a download that stands still is given up', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => void silent.once('listening', resolve));
  const { port } = silent.address() as AddressInfo;
  const env = environment({ HTTPS_PROXY: `http://127.0.0.1:${port}` });
  try {
    await expect(findTemporal({ env, downloadStallMs: 300 })).rejects.toThrow(/download.*nothing came for 0.3 s/);
  } finally {
    silent.close();
  }
});

test('Go builds the CLI once, and says so', async () => {
  script('bin/go', goThat('test -z "$GOFLAGS" || exit 7'));
  const messages: string[] = [];
  const env = environment({ GOFLAGS: '-mod=vendor' });
  const onProgress = (message: string) => messages.push(message);
  expect(await findTemporal({ env, onProgress })).toEqual({ kind: 'executable', path: cached(), from: 'build' });
  expect(messages).toContainEqual(expect.stringMatching(/building the official Temporal CLI with Go, once.* 0 s/));
  expect(readFileSync(path.join(directory, 'go-arguments'), 'utf8')).toMatch(
    /^install .*github.com\/temporalio\/cli\/cmd\/temporal@v[\d.]+$/m,
  );
  expect(await findTemporal({ env })).toMatchObject({ from: 'cache' });
  expect(goCalls()).toHaveLength(1);
  expect(readdirSync(path.dirname(cached())).toSorted()).toEqual(['lock', path.basename(cached())]);
});

test('a build that fails shows the end of what Go said', async () => {
  script('bin/go', goThat('echo the module is gone >&2; exit 3'));
  await expect(findTemporal({ env: environment() })).rejects.toThrow(
    /build with Go[^]*ended with code 3[^]*the module is gone/,
  );
});

/** `findTemporal` in a process of its own. */
function start() {
  const child = spawn(process.execPath, fixtureCommand('find-temporal.ts'), {
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  return { child, output: () => output };
}

test('two processes build once; a killed build ends Go, leaves nothing that counts, and the next builds', async () => {
  const gate = path.join(directory, 'gate');
  script('bin/go', goThat(`echo half > "$GOBIN/temporal"; while ! test -e ${gate}; do sleep 0.05; done`));
  const first = start();
  const [killedGo] = await until('Go was started', () => (goCalls().length === 1 ? goCalls() : undefined));
  const second = start();
  await until('the second waits', () => second.output().includes(`waiting for process ${first.child.pid}`));

  const go = identity(killedGo!);
  first.child.kill('SIGKILL');
  expect(await waitForEnd(go, 5_000)).toBe(true);
  await until('the second builds', () => goCalls().length === 2);
  expect(existsSync(cached())).toBe(false);
  const third = start();
  await until('the third waits', () => third.output().includes('waiting for process'));
  writeFileSync(gate, '');
  await until('both are done', () => second.child.exitCode === 0 && third.child.exitCode === 0);
  expect(second.output()).toContain('"from":"build"');
  expect(third.output()).toContain('"from":"cache"');
  expect(goCalls()).toHaveLength(2);
  expect(readdirSync(path.dirname(cached())).filter((name) => name.startsWith('partial'))).toEqual([]);
});
