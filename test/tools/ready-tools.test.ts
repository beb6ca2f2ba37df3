import { fetchPage, querySql, registerTools, searchFiles } from '../../tools';

test('the ready tools can be registered together, and several of a kind by their names', () => {
  const connectionString = 'postgresql://reader@127.0.0.1/reports';
  const tools = [
    fetchPage(),
    searchFiles({ root: '.' }),
    searchFiles({ root: '.', name: 'search_handbook' }),
    querySql({ connectionString }),
    querySql({ connectionString, name: 'query_reports' }),
  ];
  expect([...registerTools(tools).keys()]).toEqual([
    'fetch_page',
    'search_files',
    'search_handbook',
    'query_sql',
    'query_reports',
  ]);
});

test('a database is not connected to before it is asked', () => {
  expect(querySql({ connectionString: 'not even a URL', timeout: '5s' })).toMatchObject({ timeoutMs: 20_000 });
  expect(() => querySql({ connectionString: '', timeout: 'soon' })).toThrow(/query_sql: timeout: expected a duration/);
});
