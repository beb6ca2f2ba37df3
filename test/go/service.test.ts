import { findOnPath } from '../../local/executable';
import { OtherClient } from '../examples/other-client';

const PROGRAM = './service-go ';
/** The first build fetches and compiles the SDK. */
const BUILD_TIMEOUT_MS = 20 * 60_000;

const go = findOnPath('go', process.env);
if (go === undefined) process.stderr.write('test:go is skipped: there is no "go" on the PATH\n');
const inGo = go === undefined ? describe.skip : describe;

/** Where modules come from and go to is the machine's own; go.mod and go.sum are not to be changed. */
const settings = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('GO')));
const env = { ...settings, GOFLAGS: `${settings['GOFLAGS'] ?? ''} -mod=readonly`.trim() };

inGo('examples/service-go', () => {
  let other: OtherClient;
  beforeAll(async () => {
    other = await OtherClient.create('service-go', env);
    await other.clone.type(other.clone.line('go build'));
  }, BUILD_TIMEOUT_MS);
  afterAll(() => other.close());

  test('starts a run, decides what it asks, prints its text; started twice it is one run', async () => {
    const bought = await other.type(PROGRAM, 'one', 'y\n');
    expect(bought).toMatch(/^completed\n[^]*quantity 2/);
    expect(await other.type(PROGRAM, 'one', '')).toBe(bought);
    expect(await other.orders()).toBe(1);
  });

  test('a rejection with its reason', async () => {
    const rejected = await other.type(PROGRAM, 'two', 'we have three\n');
    expect(rejected).toMatch(/^completed\n[^]*rejected and not made: we have three/);
    expect(await other.orders()).toBe(1);
  });
});
