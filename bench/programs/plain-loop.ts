import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { z } from 'zod';
import { durationMetadata } from '../durations';
import { tellReady, tellUsage } from './usage';

const POLL_MS = 2_000;
const chainsSchema = z.array(
  z.object({ id: z.string(), steps: z.array(z.object({ id: z.string(), prompt: z.string() })) }),
);

/** Chains of background responses as the provider's documentation shows them: create, then poll every 2 s. */
async function main(): Promise<void> {
  tellUsage();
  const chains = chainsSchema.parse(JSON.parse(process.argv[2] ?? ''));
  const client = new OpenAI();
  tellReady();
  await Promise.all(chains.map(({ id, steps }) => chain(client, id, steps)));
}

async function chain(client: OpenAI, id: string, steps: { id: string; prompt: string }[]): Promise<void> {
  let before: string | undefined;
  for (const step of steps) {
    let response = await client.responses.create({
      model: 'gpt-6.1-terra',
      background: true,
      input: before === undefined ? step.prompt : `${before}\n\n${step.prompt}`,
      metadata: { workflow_id: id, step_id: step.id, ...durationMetadata(step.id) },
    });
    while (response.status === 'queued' || response.status === 'in_progress') {
      await sleep(POLL_MS);
      response = await client.responses.retrieve(response.id);
    }
    before = response.output_text;
  }
}

void main();
