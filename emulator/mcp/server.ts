import { Secret } from '../secret';
import type { Tool } from '../responses/tool-schemas';

export type McpTool = Extract<Tool, { type: 'mcp' }>;

/** An MCP server as a request names it, with what it takes to reach it. */
export interface McpServer {
  readonly label: string;
  readonly tool: McpTool;
  /** null: it cannot be reached, for `reason`. */
  readonly url: string | null;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What must not appear in any message. */
  readonly secrets: readonly string[];
}

/** A server's address as it may be kept until its work is done; null where it holds credentials itself. */
export function keepableUrl(tool: McpTool): string | null {
  const url = tool.server_url instanceof Secret ? new URL(tool.server_url.reveal()) : null;
  return url === null || url.username !== '' || url.password !== '' || url.search !== '' ? null : url.href;
}

/** Whether a server needs what is kept in memory alone. */
export function needsSecrets(tool: McpTool): boolean {
  const secret = [tool.authorization, tool.headers].some((value) => value instanceof Secret);
  return secret || (tool.server_url instanceof Secret && keepableUrl(tool) === null);
}

/** The server that a tool means. `knownUrl` is its address where the tool was read back from the store. */
export function serverOf(tool: McpTool, knownUrl: string | undefined): McpServer {
  const address = tool.server_url instanceof Secret ? tool.server_url.reveal() : knownUrl;
  const authorization = tool.authorization instanceof Secret ? tool.authorization.reveal() : null;
  const given = tool.headers instanceof Secret ? tool.headers.reveal() : {};
  const url = address === undefined || !isLoopback(new URL(address)) ? null : address;
  return {
    label: tool.server_label,
    tool,
    url,
    reason: whyNot(tool),
    headers: authorization === null ? given : { ...given, authorization: `Bearer ${authorization}` },
    secrets: [authorization, ...Object.values(given), ...secretParts(address)].filter((text) => text !== null),
  };
}

function whyNot(tool: McpTool): string {
  if (typeof tool.connector_id === 'string') return `The connector '${tool.connector_id}' is not emulated.`;
  if (typeof tool.tunnel_id === 'string') return `The tunnel '${tool.tunnel_id}' is not emulated.`;
  return 'This emulator calls MCP servers on its own machine alone (localhost, 127.0.0.0/8, [::1]).';
}

function isLoopback({ hostname, protocol }: URL): boolean {
  const isHttp = protocol === 'http:' || protocol === 'https:';
  return isHttp && (/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname) || hostname.endsWith('.localhost'));
}

function secretParts(address: string | undefined): string[] {
  if (address === undefined) return [];
  const { username, password, search, searchParams } = new URL(address);
  return [username, password, search, ...searchParams.values()].filter((part) => part !== '');
}
