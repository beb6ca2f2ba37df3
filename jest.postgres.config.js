/** The tests of query_sql against a real PostgreSQL, of which they make one of their own: `npm run test:postgres`. */

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  testMatch: ['<rootDir>/test/postgres/**/*.test.ts'],
  testTimeout: 60_000,
};
