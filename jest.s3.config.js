/** The tests of the output store in a bucket, against a real server of the S3 protocol: `npm run test:s3`. */

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  testMatch: ['<rootDir>/test/s3/**/*.test.ts'],
  globalSetup: '<rootDir>/test/setup/start-temporal.ts',
  globalTeardown: '<rootDir>/test/setup/stop-temporal.ts',
  setupFiles: ['<rootDir>/test/setup/quiet-runtime.ts'],
  testTimeout: 60_000,
};
