// Writes outputs without end, to be killed in the middle. Run as a process of its own: node writer.js ROOT
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
const { createFileStore } = require('../../store/files.ts');

async function main() {
  const store = createFileStore(process.argv[2]);
  const text = 'x'.repeat(2_000_000);
  for (let i = 0; ; i += 1) {
    const output = [{ type: 'message', content: [{ type: 'output_text', text }] }];
    await store.putOutput({ responseId: `resp_${process.pid}_${i % 8}`, status: 'completed', model: 'm', output });
    if (i === 3) process.stdout.write('writing\n');
  }
}

void main();
