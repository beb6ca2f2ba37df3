/** @type {import('jest').Config} */
const common = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
};
const withTemporal = ['workflow', 'client', 'gateway', 'replay', 'crash', 'triggers'];

/** @type {import('jest').Config} */
module.exports = {
  testTimeout: 60_000,
  // Most tests wait for other processes: two at a time keep two cores busy.
  maxWorkers: 2,
  projects: [
    {
      ...common,
      displayName: 'parts',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        '/test/cluster/',
        '/test/live/',
        '/test/s3/',
        '/test/python/',
        ...withTemporal.map((name) => `/test/${name}/`),
      ],
    },
    {
      ...common,
      displayName: 'temporal',
      testMatch: withTemporal.map((name) => `<rootDir>/test/${name}/**/*.test.ts`),
      globalSetup: '<rootDir>/test/setup/start-temporal.ts',
      globalTeardown: '<rootDir>/test/setup/stop-temporal.ts',
      setupFiles: ['<rootDir>/test/setup/quiet-runtime.ts'],
    },
  ],
};
