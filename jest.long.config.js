/** The proofs that take longest, `npm run test:long`: processes that are killed and waited for, pipelines of 500 steps. */
const { projects, ...rest } = require('./jest.config');
const temporal = projects.find(({ displayName }) => displayName === 'temporal');

/** @type {import('jest').Config} */
module.exports = {
  ...rest,
  // Each of them starts many processes.
  maxWorkers: 2,
  projects: [
    { ...temporal, testMatch: ['<rootDir>/test/**/*.long.test.ts'], testPathIgnorePatterns: ['/node_modules/'] },
  ],
};
