// Lets a process of its own load the project's TypeScript: node -r this-file script.js
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    module: { type: 'commonjs' },
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  });
  // oxlint-disable-next-line no-underscore-dangle -- the name that Node gave to this hook
  module._compile(code, filename);
};
