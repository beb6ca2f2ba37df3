/** Words that carry no subject, in questions and in instructions to a writer. */
const STOP_WORDS = new Set(
  (
    'a about above after again all also am an and any are as at be because been before being below between both but by ' +
    'can could did do does doing done down during each few for from further had has have having he her here hers him his ' +
    'how i if in into is it its itself just let like may me might more most much must my no nor not now of off on once ' +
    'one only or other our out over own per please same shall she should so some such than that the their theirs them ' +
    'then there these they this those through to too under until up upon us use used using very was we well were what ' +
    'when where whether which while who whom whose why will with within without would you your yours ' +
    'answer compare compared comparison contrast describe differ difference different discuss explain give list main ' +
    'outline paragraph paragraphs sentence sentences short shortly brief briefly summarise summarize summary tell word ' +
    'words write versus vs question questions step steps concise detailed detail details overview'
  ).split(' '),
);

/** Lower-case words of a text with accents and plural endings removed, stop words left out. */
export function terms(text: string): string[] {
  return words(text).flatMap((word) => term(word) ?? []);
}

/** The search term of one word, or null where it carries no subject. */
export function term(word: string): string | null {
  const plain = word
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/['’]s$/, '');
  if (plain === '' || STOP_WORDS.has(plain)) return null;
  return stem(plain);
}

/** Runs of letters and digits; hyphens and apostrophes inside a word separate. */
export function words(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:['’]s)?/gu) ?? [];
}

function stem(word: string): string {
  if (word.length < 4 || /\d/.test(word)) return word;
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`;
  if (/(ss|sh|ch|x)es$/.test(word)) return word.slice(0, -2);
  if (word.endsWith('s') && !/(ss|us|is|os)$/.test(word)) return word.slice(0, -1);
  return word;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
const ABBREVIATION = /(?:\b(?:e\.g|i\.e|cf|vs|etc|al|no|fig|dr|mr|mrs|st|approx)\.|\b\p{Lu}\.)\s*$/iu;

/** The sentences of a paragraph; line breaks inside become blanks. */
export function splitSentences(paragraph: string): string[] {
  const sentences: string[] = [];
  let open = '';
  for (const { segment } of segmenter.segment(paragraph.replace(/\s+/g, ' ').trim())) {
    open += segment;
    if (ABBREVIATION.test(open)) continue;
    sentences.push(open.trim());
    open = '';
  }
  if (open.trim() !== '') sentences.push(open.trim());
  return sentences;
}
