/** The tests that bring up a Temporal cluster on PostgreSQL: `npm run test:cluster`. */

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  testMatch: ['<rootDir>/test/cluster/**/*.test.ts'],
  testTimeout: 120_000,
};
