import { Library } from '../answer/library';
import type { Deps } from '../deps';
import { useVectorStore } from '../files/find';
import { boundedScore, fileLibrary } from '../files/search';
import { newId } from '../ids';
import type { Item } from './record';
import type { CreateBody } from './request';
import type { Tool } from './tools';

/** The texts that a request lets the emulator search, and the tools that search them. */
export interface Sources {
  readonly library: Library;
  /** As an answer names it: `the 3 files searched`. */
  readonly searched: string;
  readonly files: Library | null;
  readonly usesWeb: boolean;
}

type FileSearch = Extract<Tool, { type: 'file_search' }>;
const DEFAULT_RESULTS = 20;

/** Opens what a request's tools name. Throws the API's error for an unknown or expired vector store. */
export async function openSources(deps: Deps, body: CreateBody): Promise<Sources> {
  const tools = body.tool_choice === 'none' ? [] : (body.tools ?? []);
  const scopes = tools
    .filter(isFileSearch)
    .flatMap((tool) => tool.vector_store_ids.map((vectorStoreId) => ({ vectorStoreId, filter: tool.filters })));
  const usesWeb = tools.some((tool) => tool.type.startsWith('web_search'));
  const own = `the emulator's own corpus (${countSources(deps.corpus)} texts)`;
  if (scopes.length === 0) return { library: deps.corpus, searched: own, files: null, usesWeb };
  for (const { vectorStoreId } of scopes) await useVectorStore(deps, vectorStoreId);
  const files = await fileLibrary(deps, scopes);
  const count = countSources(files);
  const named = `the ${count} ${count === 1 ? 'file' : 'files'} searched`;
  if (!usesWeb) return { library: files, searched: named, files, usesWeb };
  const both = new Library([...files.passages, ...deps.corpus.passages]);
  return { library: both, searched: `${named} and ${own}`, files, usesWeb };
}

/** The call items that show what was searched, as the API gives them. */
export function searchCalls(sources: Sources, body: CreateBody, queries: readonly string[]): Item[] {
  const calls = [
    ...(sources.files === null ? [] : [fileSearchCall(sources.files, body, queries)]),
    ...(sources.usesWeb ? queries.map((query) => webSearchCall(sources.library, body, query)) : []),
  ];
  return calls.slice(0, body.max_tool_calls ?? calls.length);
}

function fileSearchCall(files: Library, body: CreateBody, queries: readonly string[]): Item {
  const shown = body.include?.includes('file_search_call.results') === true;
  const tool = (body.tools ?? []).find(isFileSearch);
  const threshold = tool?.ranking_options?.score_threshold ?? 0;
  const hits = files.search(queries.join(' '), tool?.max_num_results ?? DEFAULT_RESULTS);
  const results = hits
    .filter(({ score }) => boundedScore(score) >= threshold)
    .map(({ passage: { source, sentences }, score }) => ({
      file_id: source.id,
      filename: source.kind === 'file' ? source.filename : source.title,
      score: boundedScore(score),
      attributes: {},
      text: sentences.join(' '),
    }));
  return {
    id: newId('fs'),
    type: 'file_search_call',
    status: 'completed',
    queries: [...queries],
    results: shown ? results : null,
  };
}

function webSearchCall(library: Library, body: CreateBody, query: string): Item {
  const shown = body.include?.includes('web_search_call.action.sources') === true;
  const urls = library
    .search(query, 10)
    .flatMap(({ passage: { source } }) => (source.kind === 'web' ? [source.url] : []));
  const found = [...new Set(urls)].map((url) => ({ type: 'url', url }));
  return {
    id: newId('ws'),
    type: 'web_search_call',
    status: 'completed',
    action: { type: 'search', query, queries: [query], ...(shown ? { sources: found } : {}) },
  };
}

function isFileSearch(tool: Tool): tool is FileSearch {
  return tool.type === 'file_search';
}

function countSources(library: Library): number {
  return new Set(library.passages.map(({ source }) => source.id)).size;
}
