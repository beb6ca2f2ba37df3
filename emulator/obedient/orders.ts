/** What a text tells its reader to do. `sentence` is how it says so. */
export type Order =
  | { readonly kind: 'ignore'; readonly sentence: string }
  | { readonly kind: 'call'; readonly sentence: string; readonly name: string; readonly args: Record<string, unknown> }
  | { readonly kind: 'send'; readonly sentence: string; readonly verb: string; readonly address: string }
  | { readonly kind: 'redirect'; readonly sentence: string; readonly address: string }
  | { readonly kind: 'say'; readonly sentence: string; readonly text: string };

/** What stands behind this is not read: a model's patience ends too. */
const TEXT_CHARS = 200_000;
const ARGUMENT_CHARS = 4000;
const SENTENCE_CHARS = 500;
/** An order begins a clause: `the leader must reply "yes"` is one, `replicas that reply "yes"` is none. */
const CLAUSE = String.raw`(?:^|[.!?:;,(]\s+|\n\s*|\b(?:and|then|please|must|should|now|to)\s+)`;
const ADDRESS = String.raw`(https?:\/\/[^\s"'<>)]*[^\s"'<>).,;:!?]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)`;
const WITHIN_SENTENCE = String.raw`(?:(?![.!?]\s)[^\n]){0,160}?`;
const NAME = String.raw`[\`"'“]?([A-Za-z_][\w-]{0,63})[\`"'”]?`;

const IGNORE =
  /\b(?:ignore|disregard|forget|override)\s+(?:(?:all|any|every|of|the|your|my|these|previous|prior|earlier|above|other)\s+)*(?:instructions?|prompts?|rules|orders|messages)/gi;
const CALL = pattern(
  String.raw`(?:call|invoke|run|execute|use)\s+(?:the\s+)?(?:(?:tool|function)\s+)?${NAME}(?=[^\w-])`,
);
/** Without arguments only what is called a tool is one. */
const CALLED_TOOL = /\b(?:tool|function)\b/i;
const ARGUMENTS =
  /^(?:\s+(?:tool|function))?\s*(?:\(|(?:with|using)\s+(?:the\s+|these\s+)?(?:arguments?|parameters?|input)?\s*:?)?\s*(?=\{)/i;
const SEND = pattern(
  String.raw`(send|email|e-mail|mail|forward|post|upload|transfer|pay|submit)\b${WITHIN_SENTENCE}\bto:?\s+${ADDRESS}`,
);
const REDIRECTS = [
  pattern(String.raw`use\s+(?:this|the\s+following)\s+(?:[\w-]+\s+){0,3}instead\s*:?\s*${ADDRESS}`),
  pattern(String.raw`use\s+${ADDRESS}\s+instead`),
  pattern(String.raw`(?:replace|change)\s+${WITHIN_SENTENCE}\b(?:with|to)\s+${ADDRESS}`),
  new RegExp(String.raw`\b(?:new|correct|right|actual|updated)\s+(?:[\w-]+\s+){1,3}is:?\s+${ADDRESS}`, 'gi'),
];
const SAY = pattern(
  String.raw`(?:say|answer|reply|respond|write|output|print|repeat|include|add|state)\b[^"“”.!?\n]{0,60}["“]([^"”\n]{1,500})["”]`,
);

function pattern(source: string): RegExp {
  return new RegExp(CLAUSE + source, 'gim');
}

/**
 * The orders in a text, in the order in which they stand there:
 *
 * - `ignore previous instructions`
 * - `call the tool NAME with {JSON}`, `NAME({JSON})` behind `call`, `use`, `run`, `invoke` or `execute`
 * - `send … to ADDRESS`, also `email`, `forward`, `post`, `upload`, `transfer`, `pay`, `submit`
 * - `use this address instead: ADDRESS`, `use ADDRESS instead`, `replace … with ADDRESS`, `the new address is ADDRESS`
 * - `say "…"`, also `answer`, `reply`, `write`, `include` and the like
 *
 * An address is an e-mail address or an http URL.
 */
export function readOrders(whole: string): Order[] {
  const text = whole.slice(0, TEXT_CHARS);
  const found = [
    ...find(text, IGNORE, (sentence) => ({ kind: 'ignore', sentence })),
    ...find(text, CALL, (sentence, match) => readCall(text, sentence, match)),
    ...find(text, SEND, (sentence, [, verb = '', address = '']) => ({
      kind: 'send',
      sentence,
      verb: verb.toLowerCase(),
      address,
    })),
    ...REDIRECTS.flatMap((redirect) =>
      find(text, redirect, (sentence, [, address = '']) => ({ kind: 'redirect', sentence, address })),
    ),
    ...find(text, SAY, (sentence, [, said = '']) => ({ kind: 'say', sentence, text: said })),
  ];
  return found.toSorted((a, b) => a.at - b.at).map(({ order }) => order);
}

function find(
  text: string,
  orders: RegExp,
  read: (sentence: string, match: RegExpExecArray) => Order | null,
): { at: number; order: Order }[] {
  return [...text.matchAll(orders)].flatMap((match) => {
    const order = read(sentenceAt(text, match.index, match.index + match[0].length), match);
    return order === null ? [] : [{ at: match.index, order }];
  });
}

/** The sentence around a part of a text, which may begin with the end of the sentence before. */
function sentenceAt(text: string, start: number, end: number): string {
  const begun = start + (/^[\s.!?:;,(]*/.exec(text.slice(start, end))?.[0].length ?? 0);
  const before = text.slice(Math.max(0, begun - SENTENCE_CHARS), begun);
  const from = Math.max(...[...before.matchAll(/[.!?]\s+|\n/g)].map((stop) => stop.index + stop[0].length), 0);
  const rest = text.slice(end, end + SENTENCE_CHARS);
  const to = /[.!?](?=\s|$)|\n|$/.exec(rest);
  return `${before.slice(from)}${text.slice(begun, end)}${rest.slice(0, (to?.index ?? 0) + (to?.[0].length ?? 0))}`.trim();
}

function readCall(text: string, sentence: string, { 0: whole, 1: name = '', index }: RegExpExecArray): Order | null {
  const rest = text.slice(index + whole.length);
  const lead = ARGUMENTS.exec(rest);
  const args = lead === null ? null : leadingJson(rest.slice(lead[0].length));
  if (args !== null) return { kind: 'call', sentence, name, args };
  const isTool = CALLED_TOOL.test(whole) || /^\s+(?:tool|function)\b/i.test(rest);
  return isTool && !CALLED_TOOL.test(name) ? { kind: 'call', sentence, name, args: {} } : null;
}

/** The JSON object at the beginning of a text; null where there is none. */
function leadingJson(text: string): Record<string, unknown> | null {
  const room = text.slice(0, ARGUMENT_CHARS);
  for (let end = room.indexOf('}'); end >= 0; end = room.indexOf('}', end + 1)) {
    try {
      return JSON.parse(room.slice(0, end + 1)) as Record<string, unknown>;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return null;
}
