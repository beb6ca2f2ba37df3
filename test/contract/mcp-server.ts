import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

/** A real MCP server over Streamable HTTP, with what it was asked. */
export interface DiceServer {
  readonly url: string;
  /** Arguments of every roll, in order. */
  readonly rolls: unknown[];
  /** How often its tools were listed. */
  readonly lists: () => number;
  /** Headers of every request. */
  readonly headers: IncomingMessage['headers'][];
  /** Lets rolls wait until the function that it returns is called. */
  hold(): () => void;
  /** What every roll says besides its result. */
  note: string;
  /** When set, requests without this authorization are refused. */
  authorization: string | null;
  close(): Promise<void>;
}

/** Starts an MCP server on a free port with tools that roll dice, read a rule book and fail. */
export async function startDiceServer(): Promise<DiceServer> {
  const rolls: unknown[] = [];
  const headers: IncomingMessage['headers'][] = [];
  let lists = 0;
  let held: Promise<void> | null = null;
  const handler = createMcpHandler(() => makeServer(rolls, { held: () => held, note: () => dice.note }));
  const server = createServer((request, response) => {
    headers.push(request.headers);
    if (dice.authorization !== null && request.headers.authorization !== dice.authorization) {
      response.writeHead(403).end(`forbidden for ${request.headers.authorization}`);
      return;
    }
    serve(request, response).catch(() => response.destroy());
  });
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body.includes('"tools/list"')) lists += 1;
    await answer(await handler.fetch(toRequest(request, body)), response);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dice: DiceServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    rolls,
    headers,
    lists: () => lists,
    hold: () => {
      let open: () => void = Function.prototype as () => void;
      held = new Promise((resolve) => {
        open = resolve;
      });
      return () => open();
    },
    note: '',
    authorization: null,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return dice;
}

function makeServer(
  rolls: unknown[],
  { held, note }: { held: () => Promise<void> | null; note: () => string },
): McpServer {
  const server = new McpServer({ name: 'dice', version: '1' });
  const sides = z.object({ sides: z.number().int().min(2).describe('How many sides the dice has') });
  server.registerTool('roll_dice', { description: 'Rolls a dice', inputSchema: sides }, async (args) => {
    rolls.push(args);
    await held();
    return { content: [{ type: 'text', text: `The dice shows 4 of ${args.sides}. ${note()}`.trim() }] };
  });
  server.registerTool(
    'read_rulebook',
    {
      description: 'Looks into the rulebook of backgammon',
      inputSchema: z.object({ chapter: z.string() }),
      annotations: { readOnlyHint: true },
    },
    ({ chapter }) => ({ content: [{ type: 'text', text: `Chapter ${chapter}: doubles are played twice.` }] }),
  );
  server.registerTool('burn_table', { description: 'Burns the table', inputSchema: z.object({}) }, () => ({
    content: [{ type: 'text', text: 'There is no fire.' }],
    isError: true,
  }));
  return server;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function toRequest({ method, headers, url }: IncomingMessage, body: string): Request {
  const pairs = Object.entries(headers).map(([name, value]): [string, string] => [name, [value].flat().join(', ')]);
  return new Request(`http://127.0.0.1${url}`, { method, headers: pairs, ...(body === '' ? {} : { body }) });
}

async function answer(from: Response, to: ServerResponse): Promise<void> {
  to.writeHead(from.status, Object.fromEntries(from.headers));
  to.end(Buffer.from(await from.arrayBuffer()));
}
