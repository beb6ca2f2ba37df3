/** @type {import('jest').Config} */
const common = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
};
const withTemporal = ['workflow', 'client', 'gateway', 'replay', 'crash', 'triggers', 'examples'];
/** Run by `npm run test:long`. */
const long = '\\.long\\.test\\.ts$';

/** @type {import('jest').Config} */
module.exports = {
  testTimeout: 60_000,
  // Most tests wait for other processes: three at a time keep two cores busy.
  maxWorkers: 3,
  projects: [
    {
      ...common,
      displayName: 'parts',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        long,
        '/test/cluster/',
        '/test/live/',
        '/test/postgres/',
        '/test/s3/',
        '/test/python/',
        '/test/go/',
        ...withTemporal.map((name) => `/test/${name}/`),
      ],
    },
    {
      ...common,
      displayName: 'temporal',
      testMatch: withTemporal.map((name) => `<rootDir>/test/${name}/**/*.test.ts`),
      testPathIgnorePatterns: ['/node_modules/', long],
      globalSetup: '<rootDir>/test/setup/start-temporal.ts',
      globalTeardown: '<rootDir>/test/setup/stop-temporal.ts',
      setupFiles: ['<rootDir>/test/setup/quiet-runtime.ts'],
    },
  ],
};
