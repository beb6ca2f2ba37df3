/** The example in Go, by the official Go client: `npm run test:go`. Skipped where Go is not there. */
const { projects } = require('./jest.config');
const temporal = projects.find(({ displayName }) => displayName === 'temporal');

/** @type {import('jest').Config} */
module.exports = {
  ...temporal,
  displayName: 'go',
  testTimeout: 180_000,
  testMatch: ['<rootDir>/test/go/**/*.test.ts'],
};
