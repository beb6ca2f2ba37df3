import { parseMcpConfig, type ReadMcpConfig, readMcpFile } from '../tools/mcp/config';
import { ConfigurationError } from './config';
import { type ResearchWorkerOptions } from './create-worker';

/**
 * The MCP servers of a worker: those of its file, and those of its options.
 * @throws ConfigurationError for what cannot be read, and for a name that stands in both.
 */
export async function readMcpConfig(
  options: Pick<ResearchWorkerOptions, 'config' | 'mcpServers' | 'hostedMcpServers'>,
): Promise<ReadMcpConfig> {
  const { mcpServers = {}, hostedMcpServers = {} } = options;
  const { mcpFile } = options.config;
  const inFile = parseMcpConfig(
    mcpFile === undefined ? {} : await readMcpFile(mcpFile),
    process.env,
    'DURABLE_RESEARCH_MCP',
  );
  const given = parseMcpConfig({ mcpServers, hostedMcpServers }, process.env, 'options of the worker');
  for (const kind of ['mcpServers', 'hostedMcpServers'] as const)
    for (const name of inFile[kind].keys())
      if (given[kind].has(name))
        throw new ConfigurationError(
          `${kind}.${name} stands in DURABLE_RESEARCH_MCP and in the options of the worker; leave one out`,
        );
  return {
    mcpServers: new Map([...inFile.mcpServers, ...given.mcpServers]),
    hostedMcpServers: new Map([...inFile.hostedMcpServers, ...given.hostedMcpServers]),
    secrets: [...inFile.secrets, ...given.secrets],
  };
}
