import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import {
  connect,
  InvalidInputError,
  type ResearchClient,
  RunConflictError,
  RunFailedError,
  RunNotFoundError,
  UpdateRefusedError,
} from 'durable-research';
import { z } from 'zod';
import { pipelineFor } from './pipeline';

type Handler = (request: IncomingMessage, response: ServerResponse, id: string) => Promise<void>;

/** `id` comes from the caller: what is sent twice is one run. */
const startSchema = z.strictObject({ id: z.string().regex(/^[\w-]{1,100}$/), order: z.string().min(1).max(2_000) });
const decisionSchema = z.strictObject({ id: z.string(), approve: z.boolean(), reason: z.string().optional() });

function routesOf(research: ResearchClient): [method: string, path: RegExp, handler: Handler][] {
  const start: Handler = async (request, response) => {
    const { id, order } = startSchema.parse(await json(request));
    const { workflowId } = await research.start(pipelineFor(order), { workflowId: id });
    send(response, 202, { id: workflowId });
  };
  const progress: Handler = async (_request, response, id) => {
    const { stage, counts, usd, approvals } = await research.run(id).progress();
    send(response, 200, { stage, counts, usd, approvals });
  };
  const events: Handler = async (_request, response, id) => {
    const left = new AbortController();
    response.on('close', () => left.abort());
    for await (const event of research.run(id).follow({ signal: left.signal })) {
      // An unknown id is found out by the first event, while another status can still be sent.
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (event.kind === 'progress') write(response, event.kind, event.progress);
      else if (event.kind === 'silent') write(response, event.kind, { message: event.message });
      else write(response, 'ended', {});
    }
    response.end();
  };
  const result: Handler = async (_request, response, id) => {
    const run = research.run(id);
    if ((await run.describe())?.status.name === 'RUNNING') return send(response, 202, { id });
    const { outcome, text, ledger } = await run.result();
    return send(response, 200, { outcome, text, usd: ledger.total.usd });
  };
  const decide: Handler = async (request, response, id) => {
    await research.run(id).decide(decisionSchema.parse(await json(request)));
    response.writeHead(204).end();
  };
  return [
    ['POST', /^\/runs$/, start],
    ['GET', /^\/runs\/([\w-]+)$/, progress],
    ['GET', /^\/runs\/([\w-]+)\/events$/, events],
    ['GET', /^\/runs\/([\w-]+)\/result$/, result],
    ['POST', /^\/runs\/([\w-]+)\/decisions$/, decide],
  ];
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function write(response: ServerResponse, event: string, data: object): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** What the caller can do about an error decides its status. */
function statusOf(error: unknown): number {
  if (error instanceof z.ZodError || error instanceof SyntaxError || error instanceof InvalidInputError) return 400;
  if (error instanceof RunNotFoundError) return 404;
  if (error instanceof RunConflictError || error instanceof UpdateRefusedError) return 409;
  return error instanceof RunFailedError ? 502 : 503;
}

function messageOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
  const research = await connect();
  const routes = routesOf(research);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const route = routes.find(([method, path]) => method === request.method && path.test(pathname));
    if (!route) return send(response, 404, { error: 'no such route' });
    const [, path, handle] = route;
    handle(request, response, path.exec(pathname)?.[1] ?? '').catch((error: unknown) => {
      const message = messageOf(error);
      if (statusOf(error) === 503) console.error(error);
      if (response.headersSent) response.destroy();
      else send(response, statusOf(error), { error: message });
    });
  });
  server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () =>
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
  );
}

void main();
