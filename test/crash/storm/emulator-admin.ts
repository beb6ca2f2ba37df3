import { z } from 'zod';
import { type CountedCreate, until } from '../../setup/harness';

const createsSchema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      created_at: z.number(),
      status: z.string(),
      metadata: z.record(z.string(), z.string()),
      conversation: z.string().nullable(),
      previous_response_id: z.string().nullable(),
      input_bytes: z.number(),
    }),
  ),
});
const responseSchema = z.object({
  id: z.string(),
  completed_at: z.number().nullish(),
  usage: z.object({ input_tokens: z.number(), output_tokens: z.number() }).nullish(),
});
/** What the provider says of a response. */
export type Told = z.infer<typeof responseSchema>;

/** The emulator's own account of what was created there, and its switches. It may be down for a moment. */
export class EmulatorAdmin {
  constructor(private readonly url: string) {}

  /** Every create that was accepted, oldest first. */
  async creates(): Promise<CountedCreate[]> {
    return createsSchema.parse(await this.ask('/emulator/creates')).data;
  }

  async response(id: string): Promise<Told> {
    return responseSchema.parse(await this.ask(`/v1/responses/${id}`));
  }

  async addFault(rule: string): Promise<void> {
    await this.ask('/emulator/faults', { rule });
  }

  /** Puts a script in force, from its first step. */
  async setScript(script: object): Promise<void> {
    await this.ask('/emulator/script', script, 'PUT');
  }

  /** Moves its clock forward. */
  async moveClock(seconds: number): Promise<void> {
    await this.ask('/emulator/clock', { advance_seconds: seconds });
  }

  async removeFaults(): Promise<void> {
    await this.ask('/emulator/faults', undefined, 'DELETE');
  }

  async addWebhook(url: string, secret: string): Promise<void> {
    await this.ask('/emulator/webhooks', { url, signing_secret: secret });
  }

  private async ask(path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST'): Promise<unknown> {
    const headers = { authorization: 'Bearer test', 'content-type': 'application/json' };
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    return until(`${method} ${path} is answered`, async () => {
      const answer = await fetch(new URL(path, this.url), { ...init, headers }).catch(() => undefined);
      if (answer !== undefined && !answer.ok)
        throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer?.json();
    });
  }
}
