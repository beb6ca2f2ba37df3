import type { Ask } from '../answer/ask';
import { textOfJson } from '../answer/json-text';
import { toolOutput } from '../answer/tool-output';
import type { Item } from '../responses/record';
import type { Sources } from '../tool-calls/sources';
import { readOrders, type Order } from './orders';

const READ_PASSAGES = 20;

/** The orders in what tools gave after the last message of the user, and in documents that this message carries. */
export function ordersSent(items: readonly Item[], ask: Ask): Order[] {
  const last = items.findLastIndex((item) => item['role'] === 'user');
  const outputs = items.slice(last + 1).map((item) => toolOutput(item));
  return [...ask.attached.map(({ text }) => text), ...outputs].flatMap((text) => readOrders(textOfJson(text) ?? text));
}

/** The orders in what a search of files and of the web finds. */
export function ordersFound({ files, web }: Sources, queries: readonly string[]): Order[] {
  const libraries = [files?.library, web?.library].flatMap((library) => library ?? []);
  const hits = libraries.flatMap((library) => queries.flatMap((query) => library.search(query, READ_PASSAGES)));
  const passages = [...new Set(hits.map(({ passage }) => passage))];
  return passages.flatMap(({ sentences }) => readOrders(sentences.join(' ')));
}
