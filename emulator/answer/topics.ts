import type { Ask } from './ask';
import type { Library } from './library';
import type { Source } from './passages';
import { splitSentences } from './text';

/** Something that an answer speaks of. */
export interface Topic {
  /** How an answer names it. */
  readonly label: string;
  /** What is wanted of it; words of the question. */
  readonly query: string;
  /** The source that is all about it, where one is. */
  readonly source: Source | null;
}

/** What an answer has to do. */
export interface Plan {
  readonly kind: 'explain' | 'compare' | 'digest';
  readonly topics: readonly Topic[];
}

interface Subject {
  readonly name: string;
  readonly pattern: RegExp;
  readonly source: Source;
}

const COMPARING = /\b(?:compar\w+|contrast\w*|differ\w*|versus|vs|better|unlike|similarit\w+)\b/i;
const DIGESTING =
  /\b(?:summar\w+|synthes\w+|conclu\w+|combine\w*|condense\w*|shorten\w*|rewrite\w*|digest|report|so far|findings|the above)\b/i;
const REFERRING = /\b(?:it|its|they|them|their|this|these|that|those|both|former|latter|above|previous|earlier)\b/i;
const REFERRING_TO_ALL = /\b(?:both|these|them|two|answers|findings|results|above|previous|earlier)\b/i;
const OPERANDS = [
  /\bcompar\w+\s+(.+?)\s+(?:with|to|against|and|versus|vs\.?)\s+([^.?!\n]+)/i,
  /\bcontrast\w*\s+(.+?)\s+(?:with|and|to|against)\s+([^.?!\n]+)/i,
  /\b(?:do|does|did|is|are)\s+(.+?)\s+differ(?:s|ent)?\s+from\s+([^.?!\n]+)/i,
  /\bdifferences?\s+between\s+(.+?)\s+and\s+([^.?!\n]+)/i,
  /([^.?!\n]+?)\s+(?:versus|vs\.?)\s+([^.?!\n]+)/i,
];
const LABEL_MAX_WORDS = 6;

/** Decides what an answer is about, from the prompt and, where the prompt points back, from what came before it. */
export function planAnswer(ask: Ask, library: Library): Plan {
  const subjects = subjectsOf(library);
  const named = mentioned(ask.prompt, subjects);
  const material = ask.earlierAnswers.length > 0 || ask.attached.length > 0;
  if (material && DIGESTING.test(ask.prompt)) return { kind: 'digest', topics: toTopics(named, ask.prompt, subjects) };
  if (COMPARING.test(ask.prompt)) return { kind: 'compare', topics: comparedTopics(ask, named, subjects) };
  if (named.length > 0) return { kind: 'explain', topics: toTopics(named, ask.prompt, subjects) };
  const back = REFERRING.test(ask.prompt) ? topicsBefore(ask, subjects) : [];
  if (back.length > 0) return { kind: 'explain', topics: back.map((topic) => ({ ...topic, query: ask.prompt })) };
  return { kind: 'explain', topics: [freeTopic(ask.prompt)] };
}

function comparedTopics(ask: Ask, named: readonly Subject[], subjects: readonly Subject[]): Topic[] {
  if (named.length > 1) return toTopics(named, ask.prompt, subjects);
  const all = named.length === 0 && REFERRING_TO_ALL.test(ask.prompt) ? topicsOfAll(ask, subjects) : [];
  if (all.length > 1) return all;
  const operands = operandsOf(ask.prompt).flatMap((operand): Topic[] => {
    const subject = mentioned(operand, subjects);
    if (subject.length > 0) return toTopics(subject, ask.prompt, subjects);
    return REFERRING.test(operand) ? [] : [{ label: operand, query: operand, source: null }];
  });
  const own = operands.length > 0 ? operands : toTopics(named, ask.prompt, subjects);
  if (own.length > 1) return own;
  const before = topicsBefore(ask, subjects).filter((topic) => topic.label !== own[0]?.label);
  const aspect = own[0]?.source === null ? '' : (own[0]?.query ?? '');
  return [...before.map((topic) => ({ ...topic, query: topic.source === null ? topic.query : aspect })), ...own];
}

/** What each earlier prompt was first of all about, in order. */
function topicsOfAll(ask: Ask, subjects: readonly Subject[]): Topic[] {
  const topics = ask.earlierPrompts.toReversed().flatMap((prompt) => {
    const [first] = mentioned(prompt, subjects);
    return first === undefined ? [freeTopic(prompt)] : toTopics([first], '', subjects);
  });
  return topics.filter((topic, index) => topics.findIndex((other) => other.label === topic.label) === index);
}

/** The two things that a prompt sets against each other; where they are not short, it was something else. */
function operandsOf(prompt: string): string[] {
  const match = OPERANDS.map((pattern) => pattern.exec(prompt)).find((found) => found !== null);
  const operands = (match?.slice(1) ?? []).map((text) => text.replace(/^(?:the|a|an)\s+/i, '').trim());
  return operands.every((operand) => operand.split(/\s+/).length <= LABEL_MAX_WORDS) ? operands : [];
}

/** What the latest earlier prompt that had a topic was about. */
function topicsBefore(ask: Ask, subjects: readonly Subject[]): Topic[] {
  for (const prompt of ask.earlierPrompts) {
    const named = mentioned(prompt, subjects);
    if (named.length > 0) return toTopics(named, '', subjects);
    if (!REFERRING.test(prompt)) return [freeTopic(prompt)];
  }
  return [];
}

function freeTopic(prompt: string): Topic {
  const questions = splitSentences(prompt).filter((sentence) => sentence.endsWith('?'));
  const query = questions.length > 0 ? questions.join(' ') : prompt;
  const label = query
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[.?!]+$/, '');
  return { label, query, source: null };
}

function toTopics(named: readonly Subject[], prompt: string, subjects: readonly Subject[]): Topic[] {
  const query = withoutNames(prompt, subjects);
  const topics = named.map(({ source }) => ({ label: shortTitle(source.title), query, source }));
  return topics.filter((topic, index) => topics.findIndex((other) => other.source.id === topic.source.id) === index);
}

const subjectsByLibrary = new WeakMap<Library, readonly Subject[]>();

/** Sources that a prompt can name: by title, by what stands in its brackets, by file name. Longest names first. */
function subjectsOf(library: Library): readonly Subject[] {
  const known = subjectsByLibrary.get(library);
  if (known !== undefined) return known;
  const sources = new Map(library.passages.map(({ source }) => [source.id, source]));
  const subjects = [...sources.values()]
    .flatMap((source) => [...new Set(namesOf(source))].map((name) => ({ name, source, pattern: nameIn(name) })))
    .filter(({ name }) => name.length > 1 && name.split(/\s+/).length <= LABEL_MAX_WORDS)
    .toSorted((a, b) => b.name.length - a.name.length);
  subjectsByLibrary.set(library, subjects);
  return subjects;
}

function namesOf(source: Source): string[] {
  const inBrackets = /\(([^)]+)\)/.exec(source.title)?.[1] ?? '';
  const own =
    source.kind === 'file' ? [source.filename] : source.kind === 'web' ? [source.id.replaceAll('-', ' ')] : [];
  const names = [source.title, shortTitle(source.title), inBrackets, ...own].map((name) => name.toLowerCase());
  return [...names, ...names.filter((name) => name.endsWith('s')).map((name) => name.slice(0, -1))];
}

function shortTitle(title: string): string {
  return title.replace(/\s*\([^)]*\)/g, '').trim();
}

/** The subjects that a text names, in the order in which it names them; `Multi-Paxos` does not name Paxos. */
function mentioned(text: string, subjects: readonly Subject[]): Subject[] {
  let rest = text.toLowerCase();
  const found: { at: number; subject: Subject }[] = [];
  for (const subject of subjects) {
    const at = rest.search(subject.pattern);
    if (at < 0) continue;
    found.push({ at, subject });
    rest = blank(rest, subject);
  }
  return found.toSorted((a, b) => a.at - b.at).map(({ subject }) => subject);
}

function withoutNames(text: string, subjects: readonly Subject[]): string {
  return subjects.reduce(blank, text.toLowerCase());
}

function blank(text: string, { pattern }: Subject): string {
  return text.replace(pattern, (hit) => ' '.repeat(hit.length));
}

function nameIn(name: string): RegExp {
  return new RegExp(
    `(?<![\\p{L}\\p{N}])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?:['’]s)?(?![\\p{L}\\p{N}])`,
    'gu',
  );
}
