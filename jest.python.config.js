/** The emulator and an example against the official Python SDKs: `npm run test:python`. Skipped where Python is not there. */
const { projects } = require('./jest.config');
const temporal = projects.find(({ displayName }) => displayName === 'temporal');

/** @type {import('jest').Config} */
module.exports = {
  ...temporal,
  displayName: 'python',
  testTimeout: 180_000,
  testMatch: ['<rootDir>/test/python/**/*.test.ts'],
};
