import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { choosePort } from '../../local/ports';
import { until } from '../setup/harness';

interface ServerOptions {
  programs: string;
  folder: string;
  port: number;
  password: string;
}

/** The scripts of the cluster are plain JavaScript. */
const scripts = {
  ...jest.requireActual<{ postgresPrograms: () => string }>('../../scripts/cluster/programs'),
  ...jest.requireActual<{
    preparePostgres: (options: ServerOptions) => { command: string; args: string[]; cwd: string };
  }>('../../scripts/cluster/postgres'),
};

/** Of the superuser. */
export const PASSWORD = 'the-password-of-the-database';

/** A real PostgreSQL in a folder of its own. */
export class PostgresServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly parent: string,
    private readonly port: number,
  ) {}

  static async start(): Promise<PostgresServer> {
    const parent = mkdtempSync(join(tmpdir(), 'postgres-'));
    // The account that PostgreSQL runs as where root runs the tests must get into it.
    chmodSync(parent, 0o755);
    const port = await choosePort();
    const folder = join(parent, 'server');
    const programs = scripts.postgresPrograms();
    const { command, args, cwd } = scripts.preparePostgres({ programs, folder, port, password: PASSWORD });
    const child = spawn(command, args, { cwd, stdio: 'ignore' });
    const server = new PostgresServer(child, parent, port);
    await until('PostgreSQL answers', () => server.answers());
    return server;
  }

  /** The connection string of a role; of the superuser when none is named. */
  url(user = 'temporal', password = PASSWORD): string {
    return `postgresql://${user}:${password}@127.0.0.1:${this.port}/postgres`;
  }

  /** Runs statements as the superuser; rows of the last one. */
  async run(sql: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.url() });
    await client.connect();
    try {
      const results = await client.query(sql);
      const last = Array.isArray(results) ? results.at(-1) : results;
      return (last as { rows: Record<string, unknown>[] }).rows;
    } finally {
      await client.end();
    }
  }

  private async answers(): Promise<boolean> {
    try {
      await this.run('SELECT 1');
      return true;
    } catch (error) {
      if (this.child.exitCode !== null) throw error;
      return false;
    }
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGQUIT');
    await ended;
    rmSync(this.parent, { recursive: true, force: true });
  }
}
