import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { choosePort, isListening } from '../../local/ports';
import { until } from '../setup/harness';

const VERSION = 'v1.8.0';
const INSTALL = join(__dirname, '../../scripts/cluster/go-install.sh');

/** A real server of the S3 protocol on a folder of its own, built once a user from its Go module. */
export class S3Server {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    /** What a client of it needs in its environment. */
    readonly env: Record<string, string>,
  ) {}

  static async start(): Promise<S3Server> {
    const args = [`versitygw-${VERSION}`, `github.com/versity/versitygw/cmd/versitygw@${VERSION}`];
    const program = execFileSync(INSTALL, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
    const folder = mkdtempSync(join(tmpdir(), 's3-server-'));
    const port = await choosePort();
    const child = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--nometa', folder], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ROOT_ACCESS_KEY: 'tester', ROOT_SECRET_KEY: SECRET },
    });
    const server = new S3Server(child, folder, {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'tester',
      AWS_SECRET_ACCESS_KEY: SECRET,
    });
    await until('the S3 server listens', () => isListening(port));
    return server;
  }

  stop(): void {
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Must never be seen anywhere. */
export const SECRET = 'the-secret-of-the-bucket';
