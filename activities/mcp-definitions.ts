import { z } from 'zod';
import { type McpDefinition, mcpDefinitionSchema, type McpList } from '../contract/mcp';
import { ProviderError } from '../openai/port';
import { type ActivityDeps } from './deps';

const listSchema = z.array(mcpDefinitionSchema);

/**
 * What a run's models are told of the tools of an MCP server.
 * @throws ProviderError `ResponseLost` where the output store does not have it any more.
 */
export async function readDefinitions(
  { store }: Pick<ActivityDeps, 'store'>,
  { server, ref = '', definitions }: Pick<McpList, 'server' | 'ref' | 'definitions'>,
): Promise<McpDefinition[]> {
  if (definitions) return definitions;
  const text = await store.getPrompt(ref);
  if (text !== undefined) return listSchema.parse(JSON.parse(text));
  throw new ProviderError(
    'ResponseLost',
    `the output store does not have the tools of MCP server "${server}" any more`,
  );
}
