import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
import { closeTicket, findTickets } from './tickets';

/** The same in every attempt of a call, and in no other call. */
const KEY = 'durable-research/idempotencyKey';

function createServer(): McpServer {
  const server = new McpServer({ name: 'tickets', version: '1.0.0' });
  server.registerTool(
    'find_tickets',
    {
      description: 'Finds tickets by a word of their subject.',
      inputSchema: z.object({ word: z.string().describe('what the subject has to contain') }),
      annotations: { readOnlyHint: true },
    },
    ({ word }) => asText(findTickets(word)),
  );
  server.registerTool(
    'close_ticket',
    {
      description: 'Closes a ticket and sends the customer a comment. Neither can be taken back.',
      inputSchema: z.object({
        number: z.int().describe('number of the ticket'),
        comment: z.string().describe('what the customer is told'),
      }),
      annotations: { readOnlyHint: false, destructiveHint: true },
    },
    ({ number, comment }, { mcpReq: { _meta: meta } }) => {
      const key = meta?.[KEY];
      return asText(closeTicket(number, comment, typeof key === 'string' ? key : undefined));
    },
  );
  return server;
}

function asText(value: unknown): { content: { type: 'text'; text: string }[] } {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] };
}

// Standard output is the wire: what is to be read by people goes to standard error. It ends with its standard input.
serveStdio(createServer);
