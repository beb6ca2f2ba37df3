import { describeTables, querySql, type QuerySqlOptions } from '../../tools';
import { until } from '../setup/harness';
import { call } from '../tools/contexts';
import { PASSWORD, PostgresServer } from './server';

const READER_PASSWORD = 'the-password-of-the-reader';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
  await server.run(`
    CREATE TABLE orders (id bigint PRIMARY KEY, customer text NOT NULL, total numeric(12, 2), placed timestamptz,
      items jsonb, gift boolean, share double precision, tags text[]);
    COMMENT ON COLUMN orders.total IS 'in euros, with tax';
    INSERT INTO orders SELECT n, 'customer ' || n % 7, n * 1.10, '2026-01-01T00:00:00Z', '{"a": [1, null]}', n % 2 = 0,
      n / 4.0, ARRAY['x', 'y'] FROM generate_series(1, 1000) n;
    CREATE TABLE secrets (word text);
    CREATE SEQUENCE counter;
    CREATE FUNCTION sneak() RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN DELETE FROM orders; RETURN 1; END $$;
    CREATE FUNCTION sneak_after_switch() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
      $$ BEGIN SET transaction_read_only = off; DELETE FROM orders; RETURN 1; END $$;
    CREATE EXTENSION IF NOT EXISTS dblink;
    CREATE ROLE reader LOGIN PASSWORD '${READER_PASSWORD}';
    GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO reader;
    GRANT ALL ON SEQUENCE counter TO reader;
    CREATE ROLE runner LOGIN PASSWORD '${READER_PASSWORD}' IN ROLE pg_execute_server_program`);
}, 120_000);
afterAll(() => server.stop(), 60_000);

const reader = (): string => server.url('reader', READER_PASSWORD);

interface Result {
  columns: string[];
  rows: unknown[][];
  truncated?: string;
}

/** What the model gets; the reader may even write, so that the transaction alone stops it. */
async function query(sql: string, options: Partial<QuerySqlOptions> = {}, signal?: AbortSignal): Promise<Result> {
  return (await call(querySql({ connectionString: reader(), ...options }), { sql }, signal)) as Result;
}

test('a result has columns and rows, and no number loses digits', async () => {
  const sql = `SELECT id, customer, total, placed AT TIME ZONE 'UTC' AS placed, items, gift, share, tags, NULL AS nothing,
    9007199254740993::bigint AS big, 'NaN'::float8 AS nan, 1 AS n, 2 AS n FROM orders ORDER BY id LIMIT 1`;
  expect(await query(sql)).toEqual({
    columns: ['id', 'customer', 'total', 'placed', 'items', 'gift', 'share', 'tags', 'nothing', 'big', 'nan', 'n', 'n'],
    rows: [
      ['1', 'customer 1', '1.10', '2026-01-01 00:00:00', { a: [1, null] }, false, 0.25, '{x,y}', null].concat([
        '9007199254740993',
        'NaN',
        1,
        2,
      ] as never[]),
    ],
  });
});

test.each(['SELECT 1 WHERE false', 'SELECT 1 AS a WHERE false;', 'SELECT 1 AS a WHERE false -- nothing'])(
  'no rows are no rows: %s',
  async (sql) => {
    expect((await query(sql)).rows).toEqual([]);
  },
);

test.each(['WITH a AS (SELECT 1 AS n) SELECT n FROM a', 'VALUES (1)', '/* first */ SELECT 1', '(SELECT 1)'])(
  '%s is a query',
  async (sql) => {
    expect((await query(sql)).rows).toEqual([[1]]);
  },
);

test('more rows than the bound are cut, and it is said', async () => {
  const { rows, truncated } = await query('SELECT id FROM orders ORDER BY id');
  expect([rows.length, rows.at(-1), truncated]).toEqual([100, ['100'], 'only the first 100 rows are given']);
  expect(await query('SELECT id FROM orders ORDER BY id LIMIT 100')).not.toHaveProperty('truncated');
  expect((await query('SELECT id FROM orders', { maxRows: 300 })).rows).toHaveLength(300);
});

test('more bytes than the bound are cut, and it is said', async () => {
  const { rows, truncated } = await query(`SELECT repeat('x', 1000) FROM orders`, { maxBytes: 10_000 });
  expect(rows).toHaveLength(9);
  expect(truncated).toBe('only the first 9 rows, of 10000 bytes, are given');
});

test('a long value is cut, and one that is enormous does not get into the memory of the worker', async () => {
  const { rows } = await query(`SELECT repeat('x', 20000)`);
  expect(rows[0]?.[0]).toBe(`${'x'.repeat(5_000)}… (20000 characters)`);
  const before = process.memoryUsage().rss;
  await expect(query(`SELECT repeat('x', 200000000)`)).rejects.toThrow(/the result is far too large/);
  expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
});

test.each([
  ['DELETE FROM orders', /syntax error at or near "DELETE" at character 1 \(SQLSTATE 42601\)/],
  ['COMMIT; DELETE FROM orders', /syntax error at or near "COMMIT"/],
  ['SELECT 1; DELETE FROM orders', /cannot insert multiple commands into a prepared statement/],
  ['SELECT 1; COMMIT; DELETE FROM orders; --', /cannot insert multiple commands/],
  ['WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone', /must not contain data-modifying statements/],
  ['SELECT * INTO copy FROM orders', /INTO is not allowed here/],
  ['SELECT id FROM orders FOR UPDATE', /read-only transaction/],
  ['SET TRANSACTION READ WRITE', /syntax error/],
  ['DO $$ BEGIN DELETE FROM orders; END $$', /syntax error/],
  [`COPY orders TO PROGRAM 'true'`, /syntax error/],
  [`COPY (SELECT 1) TO 'out'`, /syntax error/],
  ['EXPLAIN ANALYZE SELECT sneak()', /syntax error/],
  ['SELECT sneak()', /cannot execute DELETE in a read-only transaction \(SQLSTATE 25006\)/],
  ['SELECT sneak_after_switch()', /read-write mode must be set before any query/],
  [`SELECT set_config('transaction_read_only', 'off', false), sneak()`, /read-write mode must be set before any query/],
  [`SELECT nextval('counter')`, /cannot execute nextval\(\) in a read-only transaction/],
  [`SELECT setval('counter', 9)`, /cannot execute setval\(\) in a read-only transaction/],
  ['SELECT * FROM secrets', /permission denied for table secrets/],
  [`SELECT pg_read_file('/etc/passwd')`, /permission denied for function pg_read_file/],
  ['SELECT rolpassword FROM pg_authid', /permission denied for table pg_authid/],
  ['SELECT lo_export(1, $$out$$)', /permission denied for function lo_export/],
  [`SELECT * FROM dblink('dbname=postgres', 'DELETE FROM orders') AS t(a text)`, /password|permission|required/i],
  ['SELECT nothing FROM orders', /column "nothing" does not exist at character 8 \(SQLSTATE 42703\)/],
  ['SELECT $1', /bind message supplies 0 parameters|there is no parameter \$1|could not determine data type/],
])('%s is stopped', async (sql, message) => {
  await expect(query(sql)).rejects.toThrow(message);
  expect(await server.run('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 1000 }]);
});

test('what a read-only transaction lets pass is rolled back', async () => {
  await query('SELECT lo_from_bytea(0, $$x$$)').catch(String);
  expect(await server.run('SELECT count(*)::int AS n FROM pg_largeobject_metadata')).toEqual([{ n: 0 }]);
});

test('a lock and a setting of a session do not outlive the call', async () => {
  await query(`SELECT pg_advisory_lock(4711), set_config('statement_timeout', '0', false)`);
  const held = `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'`;
  await until('the lock is gone', async () => (await server.run(held))[0]?.['n'] === 0);
  expect((await query(`SELECT current_setting('statement_timeout')`)).rows).toEqual([['15s']]);
});

const SLEEPERS = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'FETCH%' AND state = 'active'`;
const sleepers = async (): Promise<number> => Number((await server.run(SLEEPERS))[0]?.['n']);

test.each([
  ['SELECT pg_sleep(60)', 'a query'],
  [
    `SELECT set_config('statement_timeout', '0', false), pg_sleep(60) FROM generate_series(1, 3)`,
    'one without timeout',
  ],
])('%s ends with the time of the call, at the server too: %s', async (sql) => {
  await expect(query(sql, { timeout: '500ms' })).rejects.toThrow(/it took longer than 0\.5 s: narrow it/);
  await until('the server has ended it', async () => (await sleepers()) === 0);
});

test('a query that is cancelled is cancelled at the server', async () => {
  const cancel = new AbortController();
  const ended = query('SELECT pg_sleep(60)', { timeout: '50s' }, cancel.signal).catch(String);
  await until('it runs', async () => (await sleepers()) === 1);
  cancel.abort(new Error('the run was cancelled'));
  expect(await ended).toBe('Error: the run was cancelled');
  await until('the server has ended it', async () => (await sleepers()) === 0);
});

test.each([
  ['a superuser', (): string => server.url()],
  ['one who may run programs', (): string => server.url('runner', READER_PASSWORD)],
])('%s is refused as a role', async (_name, connectionString) => {
  const told = await query('SELECT 1', { connectionString: connectionString() }).catch(String);
  expect(told).toMatch(/connect with a role that has SELECT on the tables alone/);
});

test.each([
  ['a wrong password', (): string => server.url('reader', `${PASSWORD}-wrong`), /cannot be connected to \(28P01\)/],
  [
    'nobody there',
    (): string => `postgresql://me:${PASSWORD}@127.0.0.1:1/x`,
    /cannot be connected to \(ECONNREFUSED\)/,
  ],
  ['no connection string', (): string => `postgresql://me:${PASSWORD}@[broken/x`, /cannot be connected to \(/],
])('%s is told without the connection string', async (_name, connectionString, message) => {
  const error: unknown = await query('SELECT 1', { connectionString: connectionString() }).catch(
    (thrown: unknown) => thrown,
  );
  expect(String(error)).toMatch(message);
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/the-password|127\.0/);
});

test('the connection string may come from a function, at every connection', async () => {
  let asked = 0;
  const connectionString = async (): Promise<string> => {
    asked += 1;
    return reader();
  };
  const tool = querySql({ connectionString });
  await call(tool, { sql: 'SELECT 1' });
  await call(tool, { sql: 'SELECT 1' });
  expect(asked).toBe(2);
  const open = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'reader'`;
  await until('no connection is left', async () => (await server.run(open))[0]?.['n'] === 0);
});

test('tables are described for the model', async () => {
  const schema = await describeTables({ connectionString: reader(), tables: ['orders'] });
  expect(schema).toMatch(/^orders \(id bigint not null, customer text not null, total numeric\(12,2\) \/\* in euros/);
  expect(querySql({ connectionString: reader(), schema, name: 'shop' })).toMatchObject({
    name: 'shop',
    description: expect.stringContaining(`Tables:\n${schema}`) as unknown,
  });
  const missing = describeTables({ connectionString: reader(), tables: ['secrets'] });
  await expect(missing).rejects.toThrow('describeTables: "secrets": there is no such table for this role');
});
