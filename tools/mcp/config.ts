import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigurationError } from '../../contract/configuration-error';
import { durationSchema } from '../../contract/duration';
import { fromZod, pathText } from '../../contract/issues';
import { MCP_SERVER_NAME } from '../../contract/mcp';

const toolNames = z.array(z.string().min(1).max(128));

/** What holds for the tools of a server: as for tools of your own, by the names that the server gives them. */
const policyFields = {
  /** Only these tools may be named. Default: all that the server lists. */
  allowedTools: toolNames.min(1).optional(),
  /** Calls that a person decides on: all, none, or those of the tools named. Default: tools that the server calls destructive. */
  needsApproval: z.union([z.boolean(), toolNames]).optional(),
  /** Tools whose calls may be made again after an attempt that died. Default false: none. */
  idempotent: z.union([z.boolean(), toolNames]).optional(),
  /** How often a call of an idempotent tool that failed is made again. Default 0. */
  retries: z.int().min(0).max(10).optional(),
  /** Longest time of one attempt. Default 1m. */
  timeout: durationSchema.optional(),
  /** What a call that fails does: tell the model its error, or fail the step. Default tell. */
  onError: z.enum(['tell', 'fail']).optional(),
  /** Most bytes of a result that the model is given; the rest is cut off. Default 100,000. */
  maxBytes: z.int().min(1_000).max(10_000_000).optional(),
};

const noPlaceholder = z
  .string()
  .refine((text) => !text.includes('${'), 'expected no ${…}: every user of a machine can read arguments; use "env"');

const stdioSchema = z.strictObject({
  type: z.literal('stdio').optional(),
  /** Program that speaks MCP on its standard input and output. */
  command: noPlaceholder.min(1),
  args: z.array(noPlaceholder).optional(),
  /** Its environment, beside PATH, HOME and the like. Nothing else of the worker's is handed on. */
  env: z.record(z.string(), z.string()).optional(),
  cwd: z.string().min(1).optional(),
  ...policyFields,
});

const httpSchema = z.strictObject({
  type: z.enum(['http', 'streamable-http']).optional(),
  /** Streamable HTTP endpoint, which the worker calls. */
  url: z.string().min(1),
  headers: z.record(z.string(), z.string()).optional(),
  ...policyFields,
});

const hostedSchema = z.strictObject({
  /** The only server that is given these credentials. */
  server_url: z.url({ protocol: /^https?$/ }).optional(),
  connector_id: z.string().min(1).optional(),
  authorization: z.string().min(1).optional(),
  headers: z.record(z.string(), z.string()).optional(),
});

/** An MCP server that the worker starts, or calls over HTTP. `${NAME}` in `env`, `url` and `headers` stands for a variable of the worker. */
export type McpServerConfig = z.infer<typeof stdioSchema> | z.infer<typeof httpSchema>;
/** Credentials of an MCP server that the provider calls; added to a step's `mcp` tool of this `server_label`. */
export type HostedMcpConfig = z.infer<typeof hostedSchema>;

/** The MCP servers of a worker, by their names; those that the provider calls by their labels. */
export interface McpConfig {
  mcpServers?: Record<string, McpServerConfig>;
  hostedMcpServers?: Record<string, HostedMcpConfig>;
}

/** A configuration with its variables filled in. `secrets` must never be printed. */
export interface ReadMcpConfig {
  mcpServers: ReadonlyMap<string, McpServerConfig>;
  hostedMcpServers: ReadonlyMap<string, HostedMcpConfig>;
  secrets: readonly string[];
}

const fileSchema = z.strictObject({
  mcpServers: z.record(z.string(), z.unknown()).optional(),
  hostedMcpServers: z.record(z.string(), hostedSchema).optional(),
});

/**
 * Reads the file of `DURABLE_RESEARCH_MCP`.
 * @throws ConfigurationError for a file that cannot be read or is not JSON.
 */
export async function readMcpFile(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    // What JSON.parse says quotes the file, which may hold credentials.
    const reason = error instanceof SyntaxError ? 'it is not JSON' : String(error);
    throw new ConfigurationError(`DURABLE_RESEARCH_MCP: ${path} cannot be read: ${reason}`, { cause: undefined });
  }
}

/**
 * Parses a configuration and fills in its variables.
 * @throws ConfigurationError naming the place in it, or the variable that is not set; values are not echoed.
 */
export function parseMcpConfig(raw: unknown, env: NodeJS.ProcessEnv, where: string): ReadMcpConfig {
  const file = checked(fileSchema, raw, { where, path: [] });
  const secrets = new Set<string>();
  const mcpServers = new Map<string, McpServerConfig>();
  for (const [name, given] of Object.entries(file.mcpServers ?? {})) {
    const path = ['mcpServers', name];
    if (!MCP_SERVER_NAME.test(name))
      throw refused(
        where,
        path,
        'expected a name of at most 32 letters and digits, with single "_" or "-" between them',
      );
    const server = checked(serverSchemaOf(given), given, { where, path });
    if ((server.retries ?? 0) > 0 && (server.idempotent ?? false) === false)
      throw refused(where, [...path, 'retries'], 'expected 0 where no tool is "idempotent"');
    mcpServers.set(name, filled(server, { env, secrets, where, path }));
  }
  const hosted = Object.entries(file.hostedMcpServers ?? {}).map(([label, given]) => {
    const path = ['hostedMcpServers', label];
    if ((given.server_url === undefined) === (given.connector_id === undefined))
      throw refused(
        where,
        path,
        'expected either "server_url" or "connector_id": nobody else is given its credentials',
      );
    return [label, filled(given, { env, secrets, where, path })] as const;
  });
  return { mcpServers, hostedMcpServers: new Map(hosted), secrets: [...secrets] };
}

function serverSchemaOf(given: unknown): z.ZodType<McpServerConfig> {
  return given !== null && typeof given === 'object' && 'url' in given ? httpSchema : stdioSchema;
}

type Place = { where: string; path: readonly string[] };

function checked<T>(schema: z.ZodType<T>, raw: unknown, { where, path }: Place): T {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = fromZod(parsed.error, raw);
  // Without what came: it may be a credential.
  const message = issue?.message.replace(/, got .*$/s, '') ?? 'is not valid';
  throw refused(where, [...path, ...(issue?.path.map(String) ?? [])], message);
}

function refused(where: string, path: readonly string[], message: string): ConfigurationError {
  return new ConfigurationError(`${where}: ${pathText(path)}: ${message}`);
}

type Filling = Place & { env: NodeJS.ProcessEnv; secrets: Set<string> };

/** Only these fields may hold variables, and only they hold what nobody may see. */
function filled<T extends McpServerConfig | HostedMcpConfig>(server: T, filling: Filling): T {
  const { path } = filling;
  const made: Record<string, unknown> = { ...server };
  for (const name of ['url', 'server_url', 'authorization'] as const) {
    const text: unknown = made[name];
    if (typeof text === 'string')
      made[name] = fill(text, { ...filling, path: [...path, name] }, name === 'authorization');
  }
  for (const name of ['env', 'headers'] as const) {
    const fields = made[name] as Record<string, string> | undefined;
    if (!fields) continue;
    const entries = Object.entries(fields).map(([field, text]) => {
      const isSecret = name === 'headers' || SECRET_NAME.test(field);
      return [field, fill(text, { ...filling, path: [...path, name, field] }, isSecret)];
    });
    made[name] = Object.fromEntries(entries);
  }
  if (typeof made['url'] === 'string' && !(/^https?:\/\//.test(made['url']) && URL.canParse(made['url'])))
    throw refused(filling.where, [...path, 'url'], 'expected an http(s) URL');
  return made as T;
}

const SECRET_NAME = /key|token|secret|passw|auth|credential/i;
/** Shorter ones are words, and would be cut out of every text. */
const MIN_SECRET_CHARS = 6;

function fill(text: string, { env, secrets, where, path }: Filling, isSecret: boolean): string {
  const keep = (value: string): string => {
    if (value.length >= MIN_SECRET_CHARS) secrets.add(value);
    return value;
  };
  const full = text.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined || value === '')
      throw refused(where, path, `the variable ${name} is not set; set it at the worker`);
    return keep(value);
  });
  return isSecret ? keep(full) : full;
}
