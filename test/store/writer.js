// Writes outputs without end, to be killed in the middle. Run as a process of its own: node -r typescript-hook writer.js ROOT
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
