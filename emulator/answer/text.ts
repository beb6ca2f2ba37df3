/** Words that carry no subject, in questions and in instructions to a writer. */
const STOP_WORDS = new Set(
  (
    'a about above after again apart all also am an and any are as at be because been before being below between both but by ' +
    'can could did do does doing done down during each few for from further had has have having he her here hers him his ' +
    'how i if in into is it its itself just let like may me might more most much must my no nor not now of off on once ' +
    'one only or other our out over own per please same shall she should so some such than that the their theirs them ' +
    'then there these they this those through to too under until up upon us use used using very was we well were what ' +
    'when where whether which while who whom whose why will with within without would you your yours ' +
    'account answer based brief briefly carefully citation cite cited compare compared comparing comparison concise ' +
    'contrast describe detail detailed details differ difference differences different discuss documents draft each ' +
    'earlier every exact exactly explain explanation fact file files find findings following give given help important ' +
    'happen happened happens include information investigate kind know list main matter matters mention name names need note outline overview paragraph paragraphs part particular plan ' +
    'plain previous provide question questions quote read report research result results say says sentence sentences ' +
    'short shortly show simple source sources step steps summarise summarize summary tell text texts thing topic ' +
    'two three four five six seven eight nine ten versus vs want word words work works write'
  ).split(' '),
);

const SUFFIX = /(?:ations?|ations|ions?|ings?|edly|ed|ers?|ors?|ments?|ness|ly|e)$/;
const MIN_STEM = 4;
const CACHE_SIZE = 50_000;
const cache = new Map<string, string | null>();

/** Search terms of a text: lower case, accents and common endings removed, stop words left out. */
export function terms(text: string): string[] {
  return words(text).flatMap((word) => term(word) ?? []);
}

/** The search term of one word, or null where it carries no subject. */
export function term(word: string): string | null {
  const known = cache.get(word);
  if (known !== undefined) return known;
  const plain = word
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/['’]s$/, '');
  const result = plain === '' || STOP_WORDS.has(plain) ? null : stem(plain);
  if (cache.size >= CACHE_SIZE) cache.clear();
  cache.set(word, result);
  return result;
}

/** Runs of letters and digits; hyphens separate. */
export function words(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:['’]s)?/gu) ?? [];
}

/** Brings the forms of a word together; it need not be a word itself: `replicated`, `replication` -> `replicat`. */
function stem(word: string): string {
  if (word.length < MIN_STEM || /\d/.test(word)) return word;
  const singular = /(?:ss|us|is)$/.test(word) ? word : word.replace(/ies$/, 'y').replace(/s$/, '');
  const bare = singular.replace(SUFFIX, '');
  return bare.length >= MIN_STEM ? bare : singular;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
const ABBREVIATION = /(?:\b(?:e\.g|i\.e|cf|vs|etc|al|no|fig|dr|mr|mrs|st|approx)\.|\b\p{Lu}\.)\s*$/iu;

/** The sentences of a paragraph; line breaks inside become blanks. */
export function splitSentences(paragraph: string): string[] {
  const sentences: string[] = [];
  let open = '';
  for (const { segment } of segmenter.segment(paragraph.replace(/\s+/g, ' ').trim())) {
    // A reference mark after a full stop belongs to the sentence before it.
    if (/^\[[^\]]*\]\s*$/.test(segment) && open === '' && sentences.length > 0) {
      sentences[sentences.length - 1] += ` ${segment.trim()}`;
      continue;
    }
    open += segment;
    if (ABBREVIATION.test(open)) continue;
    sentences.push(open.trim());
    open = '';
  }
  if (open.trim() !== '') sentences.push(open.trim());
  return sentences;
}

/** Shortens a text to a number of characters at a word's end, with an ellipsis where something is left out. */
export function shorten(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const cut = text.slice(0, Math.max(0, maxChars - 1));
  const atWord = cut.replace(/\s+\S*$/, '');
  return `${(atWord === '' ? cut : atWord).trimEnd()}…`.slice(0, maxChars);
}

/** `a`, `a and b`, `a, b and c` */
export function joinWords(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** An identifier as words: `getWeatherReport`, `get_weather_report` -> `get Weather Report` */
export function spaced(name: string): string {
  return name.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').replace(/[_-]+/g, ' ');
}
