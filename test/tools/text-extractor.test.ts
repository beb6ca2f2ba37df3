import { TextExtractor, UnreadableError } from '../../tools/text-extractor';
import { makePdf } from '../emulator/pdf-fixture';

const never = new AbortController().signal;

test('a document that takes too long ends alone: the next one is read', async () => {
  const extractor = new TextExtractor();
  try {
    const long = { kind: 'html', html: '<p>a<b>c</b></p>'.repeat(200_000) } as const;
    await expect(extractor.extract(long, 50, never)).rejects.toThrow(UnreadableError);
    const next = await extractor.extract({ kind: 'html', html: '<h2>Next</h2>' }, 30_000, never);
    expect(next.texts).toEqual(['## Next']);
  } finally {
    await extractor.close();
  }
});

test('a PDF comes by pages, and one that is none is told of without ending the thread', async () => {
  const extractor = new TextExtractor();
  try {
    const broken = { kind: 'pdf', bytes: new Uint8Array([1, 2, 3]) } as const;
    await expect(extractor.extract(broken, 30_000, never)).rejects.toThrow(/Invalid PDF structure/);
    const pdf = { kind: 'pdf', bytes: new Uint8Array(makePdf(['A line.'])) } as const;
    expect((await extractor.extract(pdf, 30_000, never)).texts).toEqual(['A line.']);
  } finally {
    await extractor.close();
  }
});

test('a cancelled call ends with the reason of that', async () => {
  const extractor = new TextExtractor();
  const gone = AbortSignal.abort(new Error('cancelled'));
  await expect(extractor.extract({ kind: 'html', html: '' }, 1_000, gone)).rejects.toThrow('cancelled');
});
