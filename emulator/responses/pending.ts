import { keepableUrl, needsSecrets, type McpTool } from '../mcp/server';
import { chooseTools } from '../tool-calls/choice';
import type { Context } from './context';
import type { ResponseRecord } from './record';
import type { RequestSettings } from './request';

/** What is left to do for a response that was accepted before its output was known. */
export interface PendingRecord {
  /** When it ends, unless its work takes longer. */
  readonly endsAt: number;
  /** Addresses of MCP servers, by label. */
  readonly urls: Readonly<Record<string, string>>;
  /** Labels of the servers that need credentials, which no store keeps. */
  readonly withheld: readonly string[];
  /** A fault leaves its output empty. */
  readonly empty: boolean;
}

/** The MCP servers that a response may use. */
export function serverTools(body: RequestSettings): McpTool[] {
  return chooseTools(body).tools.filter((tool) => tool.type === 'mcp');
}

/** Whether the output of a response depends on what MCP servers say. */
export function isPending(body: RequestSettings, { input }: Context): boolean {
  return serverTools(body).length > 0 || input.some((item) => item.type === 'mcp_approval_response');
}

/**
 * What has to be stored with an accepted response, so that its work is not lost. null where a fault lets it fail or never
 * end: it shows no output, so none is worked for.
 */
export function pendingRecord({ request, endsAt, ending }: ResponseRecord, empty: boolean): PendingRecord | null {
  if (endsAt === null || ending.status === 'failed') return null;
  const tools = serverTools(request);
  const urls = tools.flatMap((tool): [string, string][] => {
    const url = keepableUrl(tool);
    return url === null ? [] : [[tool.server_label, url]];
  });
  const withheld = tools.filter(needsSecrets).map((tool) => tool.server_label);
  return { endsAt, urls: Object.fromEntries(urls), withheld, empty };
}
