import { z } from 'zod';

/** Name of an MCP server at the worker: no separator at its ends or twice in a row, so that `<server>__<tool>` is unique. */
export const MCP_SERVER_NAME = /^(?=.{1,32}$)[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*$/;

const MCP_USE = /^mcp:([A-Za-z0-9_-]{1,32})(?:\/(\S{1,128}))?$/;

/** What a step names of the worker's MCP servers: one tool of a server, or all of them. */
export type McpUse = { server: string; tool?: string };

/** Reads `mcp:<server>` and `mcp:<server>/<tool>`; undefined for the name of another tool. */
export function mcpUse(name: string): McpUse | undefined {
  const [, server, tool] = MCP_USE.exec(name) ?? [];
  return server !== undefined && MCP_SERVER_NAME.test(server) ? { server, tool } : undefined;
}

/** What models are told of a tool of an MCP server. */
export const mcpDefinitionSchema = z.strictObject({
  /** Name of the function that models call. */
  name: z.string(),
  description: z.string(),
  parameters: z.record(z.string(), z.unknown()),
});
export type McpDefinition = z.infer<typeof mcpDefinitionSchema>;

/** What models are told of a server's tools, as they were when the run began: by reference, or where the worker keeps outputs at the provider alone, whole. */
export const mcpListSchema = z.strictObject({
  server: z.string(),
  /** True where the run may name any of the server's tools. */
  all: z.boolean(),
  /** Content address in the output store. */
  ref: z.string().optional(),
  definitions: z.array(mcpDefinitionSchema).optional(),
});
export type McpList = z.infer<typeof mcpListSchema>;

/** Where the tool behind a function is found. */
export const mcpPlaceSchema = z.strictObject({ server: z.string(), tool: z.string() });
