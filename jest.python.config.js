const { projects } = require('./jest.config');

/** @type {import('jest').Config} */
module.exports = {
  testTimeout: 180_000,
  transform: projects[0].transform,
  testMatch: ['<rootDir>/test/python/**/*.test.ts'],
};
