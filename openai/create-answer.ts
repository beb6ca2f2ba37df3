import { type ProviderResponse, providerResponseSchema } from './port';

/**
 * Reads the answer of a create, which is worth money as soon as it names an id: a body that breaks off or has odd fields
 * still gives the response, to be read again in full.
 * @throws whatever broke the body where no id came with it.
 */
export async function readCreateAnswer(answer: Response, model: string): Promise<ProviderResponse> {
  const { text, broken } = await readText(answer);
  const body = parseJson(text);
  const parsed = providerResponseSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const id = idOf(body) ?? /"id"\s*:\s*"(resp_[A-Za-z0-9_-]+)"/.exec(text)?.[1];
  if (id !== undefined) return { id, status: 'queued', model, output: [] };
  throw broken ?? new SyntaxError(`expected a response with an id, got ${text.length} characters without one`);
}

/** The text as far as it came, since the id stands at its beginning. */
async function readText(answer: Response): Promise<{ text: string; broken?: Error }> {
  const decoder = new TextDecoder();
  let text = '';
  if (!answer.body) return { text };
  try {
    for await (const chunk of answer.body) text += decoder.decode(chunk, { stream: true });
    return { text };
  } catch (error) {
    return { text, broken: new Error('the answer broke off', { cause: error }) };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A body that broke off: its beginning is searched for the id.
    return undefined;
  }
}

function idOf(body: unknown): string | undefined {
  const id: unknown = body !== null && typeof body === 'object' ? Reflect.get(body, 'id') : undefined;
  return typeof id === 'string' && id !== '' ? id : undefined;
}
