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

/** 300 MB of spaces, deflated three times. */
const BOMB =
  'eNqruPX2jq3em0SZtoeClxUkXVwWXrTSvuAxx23tArGlTuullaYVZG1ljWh49+ZBTYiYw+IAQfnN3P9/71q1/d9U/3t3nv+Xf6/vPl9vW93e3Pw7en0MDAwNjbt/lJvaf/96o+r/5voCFgYGBp67Jz+l2EizxvWb11uxgwTufX137tSb9gOfv+S8kWFgYDCoeK3PX71Z98H333dfLaxmYGA48OCvKA/IOJGDQJIhQxDMEQNzOpA5ozKDVWba5acnD10XM6ibbae7tpfhwe1dknPP/p9RwxD8+8krAKycnyA=';

test('a PDF of a kilobyte that unpacks to hundreds of megabytes does not fill the memory of the worker', async () => {
  const extractor = new TextExtractor();
  const text = Buffer.from(BOMB, 'base64');
  const pdf = [
    '%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n',
    '3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>> >>\nendobj\n',
    `4 0 obj\n<</Length ${text.length}/Filter[/FlateDecode/FlateDecode/FlateDecode]>>\nstream\n`,
    text,
    '\nendstream\nendobj\ntrailer<</Size 5/Root 1 0 R>>\n%%EOF',
  ].map((part) => Buffer.from(part));
  try {
    const bomb = { kind: 'pdf', bytes: new Uint8Array(Buffer.concat(pdf)) } as const;
    await expect(extractor.extract(bomb, 60_000, never)).rejects.toThrow(/it unpacks to more than \d+ bytes/);
  } finally {
    await extractor.close();
  }
});

test('a cancelled call ends with the reason of that', async () => {
  const extractor = new TextExtractor();
  const gone = AbortSignal.abort(new Error('cancelled'));
  await expect(extractor.extract({ kind: 'html', html: '' }, 1_000, gone)).rejects.toThrow('cancelled');
});
