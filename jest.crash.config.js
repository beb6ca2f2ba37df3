/** The whole crash test, `npm run test:crash`; its short form runs with the other tests. */

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  testMatch: ['<rootDir>/test/crash/whole.ts'],
  setupFiles: ['<rootDir>/test/setup/quiet-runtime.ts'],
  testTimeout: 900_000,
};
