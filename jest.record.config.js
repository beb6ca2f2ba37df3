const { projects } = require('./jest.config.js');
const temporal = projects.find(({ displayName }) => displayName === 'temporal');

/** @type {import('jest').Config} */
module.exports = {
  ...temporal,
  displayName: 'record',
  testMatch: ['<rootDir>/test/replay/record.ts'],
  testTimeout: 120_000,
};
