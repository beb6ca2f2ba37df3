import { type IncomingMessage, type ServerResponse } from 'node:http';

/** Lets a handler of the web's own requests and responses answer a request of Node's server. */
export async function serveWeb(
  handler: { fetch(request: Request): Promise<Response> },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const { method, headers, url } = request;
  const pairs = Object.entries(headers).map(([name, value]): [string, string] => [name, [value].flat().join(', ')]);
  const asked = new Request(`http://127.0.0.1${url}`, { method, headers: pairs, ...(body === '' ? {} : { body }) });
  const answer = await handler.fetch(asked);
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
}
