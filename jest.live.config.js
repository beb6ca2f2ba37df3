/** The pipelines against the real API, for money: `npm run test:live`. States the most it can cost, and asks for consent. */

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  testMatch: ['<rootDir>/test/live/**/*.live.test.ts'],
  globalSetup: '<rootDir>/test/live/start-live.ts',
  globalTeardown: '<rootDir>/test/setup/stop-temporal.ts',
  setupFiles: ['<rootDir>/test/setup/quiet-runtime.ts'],
  testTimeout: 20 * 60_000,
  maxWorkers: 1,
};
