/** Most bytes of an answer to one request; a message of a server that is a program may have a third of it. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** As `fetch`, but for answers of a server that do not end: they would fill the memory of the worker. */
export async function boundedFetch(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  // What a GET opens is a stream of small events, for as long as the connection lasts.
  if (!response.body || init?.method !== 'POST') return response;
  let bytes = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, to) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES)
        throw Object.assign(new RangeError(`more than ${MAX_ANSWER_BYTES} bytes came`), { code: 'ANSWER_TOO_LARGE' });
      to.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(counted), response);
}
