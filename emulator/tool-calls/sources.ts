import { Library } from '../answer/library';
import type { Deps } from '../deps';
import { useVectorStore } from '../files/find';
import { openFiles, type OpenFiles } from '../files/search';
import type { Tool } from '../responses/tool-schemas';
import type { Choice } from './choice';

export type FileSearch = Extract<Tool, { type: 'file_search' }>;
export type WebSearch = Extract<Tool, { search_context_size?: unknown }>;

/** The texts that a request lets the emulator search, and the tools that search them. */
export interface Sources {
  readonly library: Library;
  /** As an answer names it: `the 3 files searched`. */
  readonly searched: string;
  /** Whether a tool searches it. */
  readonly searches: boolean;
  readonly files: (OpenFiles & { readonly tool: FileSearch }) | null;
  readonly web: { readonly library: Library; readonly tool: WebSearch } | null;
}

/**
 * Opens what a request's tools name. Throws the API's error for an unknown or expired vector store. Call it inside
 * `store.exclusive`.
 */
export async function openSources(deps: Deps, { tools }: Choice): Promise<Sources> {
  const files = await openStores(deps, tools.filter(isFileSearch));
  const web = openWeb(deps.corpus, tools.find(isWebSearch));
  const own = `the emulator's own corpus (${countSources((web ?? { library: deps.corpus }).library)} texts)`;
  if (files === null)
    return { library: web?.library ?? deps.corpus, searched: own, searches: web !== null, files, web };
  const count = countSources(files.library);
  const named = `the ${count} ${count === 1 ? 'file' : 'files'} searched`;
  if (web === null) return { library: files.library, searched: named, searches: true, files, web };
  const library = new Library([...files.library.passages, ...web.library.passages]);
  return { library, searched: `${named} and ${own}`, searches: true, files, web };
}

async function openStores(deps: Deps, tools: readonly FileSearch[]): Promise<Sources['files']> {
  const [tool] = tools;
  if (tool === undefined) return null;
  const scopes = tools.flatMap(({ vector_store_ids: ids, filters }) =>
    ids.map((vectorStoreId) => ({ vectorStoreId, filter: filters })),
  );
  for (const { vectorStoreId } of scopes) await useVectorStore(deps, vectorStoreId);
  return { ...(await openFiles(deps, scopes)), tool };
}

function openWeb(corpus: Library, tool: WebSearch | undefined): Sources['web'] {
  if (tool === undefined) return null;
  const { allowed_domains: allowed, blocked_domains: blocked } = tool.filters ?? {};
  const kept = corpus.passages.filter(({ source }) => {
    const host = source.kind === 'web' ? new URL(source.url).hostname : '';
    const isAllowed = (allowed ?? []).length === 0 || allowed?.some((domain) => isWithin(host, domain));
    return isAllowed === true && blocked?.some((domain) => isWithin(host, domain)) !== true;
  });
  return { library: kept.length === corpus.passages.length ? corpus : new Library(kept), tool };
}

/** A domain stands for its subdomains too. */
function isWithin(host: string, domain: string): boolean {
  const wanted = domain.toLowerCase();
  return host === wanted || host.endsWith(`.${wanted}`);
}

function isFileSearch(tool: Tool): tool is FileSearch {
  return tool.type === 'file_search';
}

function isWebSearch(tool: Tool): tool is WebSearch {
  return tool.type.startsWith('web_search');
}

function countSources(library: Library): number {
  return new Set(library.passages.map(({ source }) => source.id)).size;
}
