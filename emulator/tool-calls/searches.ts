import type { Library } from '../answer/library';
import { searchFiles } from '../files/search';
import { newId } from '../ids';
import type { Item } from '../responses/record';
import type { Sources, WebSearch } from './sources';

const FILE_RESULTS = 20;
/** How many passages a search of the web reads, by `search_context_size`. */
const WEB_PASSAGES = { low: 5, medium: 10, high: 20 } as const;

/**
 * The call items that show what was searched, with all they found: what a client did not ask for is left out when it is
 * shown. `opensPages`: models that reason open the page that fits best.
 */
export function searchCalls({ files, web }: Sources, queries: readonly string[], opensPages: boolean): Item[] {
  const fileCalls = files === null ? [] : [fileSearchCall(files, queries)];
  const webCalls = web === null ? [] : queries.flatMap((query) => webSearchCalls(web, query, opensPages));
  return [...fileCalls, ...webCalls];
}

function fileSearchCall(files: NonNullable<Sources['files']>, queries: readonly string[]): Item {
  const { max_num_results: limit, ranking_options: ranking } = files.tool;
  const results = searchFiles(files, {
    query: queries.join(' '),
    limit: limit ?? FILE_RESULTS,
    threshold: ranking?.score_threshold ?? 0,
  });
  return { id: newId('fs'), type: 'file_search_call', status: 'completed', queries: [...queries], results };
}

function webSearchCalls({ library, tool }: NonNullable<Sources['web']>, query: string, opensPages: boolean): Item[] {
  const urls = foundUrls(library, query, tool);
  const sources = urls.map((url) => ({ type: 'url', url }));
  const search = webSearchCall({ type: 'search', query, queries: [query], sources });
  const [best] = urls;
  return best === undefined || !opensPages ? [search] : [search, webSearchCall({ type: 'open_page', url: best })];
}

function webSearchCall(action: Record<string, unknown>): Item {
  return { id: newId('ws'), type: 'web_search_call', status: 'completed', action };
}

function foundUrls(library: Library, query: string, tool: WebSearch): string[] {
  const hits = library.search(query, WEB_PASSAGES[tool.search_context_size ?? 'medium']);
  return [...new Set(hits.flatMap(({ passage: { source } }) => (source.kind === 'web' ? [source.url] : [])))];
}
