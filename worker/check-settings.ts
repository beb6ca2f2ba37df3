import { loadPrices } from '../openai';
import { readWorkerConfig } from './config';
import { readMcpConfig } from './mcp-config';
import { readTools } from './read-tools';

/** What a worker reads at its start. */
export interface CheckedSettings {
  /** Day of the prices. */
  pricesDate: string;
  /** Names of the tools of its modules, which this loads. */
  tools: string[];
  /** Names of the MCP servers that it would start or call. */
  mcpServers: string[];
}

/**
 * Reads everything that a worker with these settings reads at its start, and starts none.
 * @throws ConfigurationError for what the worker would refuse.
 */
export async function checkSettings(env: NodeJS.ProcessEnv): Promise<CheckedSettings> {
  const config = readWorkerConfig(env);
  const { date } = await loadPrices(config.pricesFile);
  const tools = await readTools({ config });
  const { mcpServers } = await readMcpConfig({ config });
  return { pricesDate: date, tools: [...tools.keys()], mcpServers: [...mcpServers.keys()] };
}
