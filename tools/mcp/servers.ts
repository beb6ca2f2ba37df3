import { type HostedMcpConfig, type ReadMcpConfig } from './config';
import { McpConnection, type McpLog } from './connection';
import { McpServer } from './server';

/** The MCP servers of a worker: those that it calls itself, and those that the provider calls. */
export interface McpServers {
  /** By their names. */
  readonly servers: ReadonlyMap<string, McpServer>;
  /** By their labels. Holds credentials, which must never be printed. */
  readonly hosted: ReadonlyMap<string, HostedMcpConfig>;
  /** Ends the programs that were started, and all connections. */
  close(): Promise<void>;
}

/** Opens nothing: a server is started, or called, when a run first uses it. */
export function createMcpServers({ mcpServers, hostedMcpServers, secrets }: ReadMcpConfig, log: McpLog): McpServers {
  const scrub = (text: string): string => secrets.reduce((clean, secret) => clean.replaceAll(secret, '…'), text);
  const options = { log, scrub };
  const connections: McpConnection[] = [];
  const servers = [...mcpServers].map(([name, config]) => {
    const connection = new McpConnection(name, config, options);
    connections.push(connection);
    return [name, new McpServer(name, config, connection, options)] as const;
  });
  return {
    servers: new Map(servers),
    hosted: hostedMcpServers,
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}
