// Runs in Temporal's sandbox: imports the workflow entry of the package, types, and what is deterministic, such as zod.
import { ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { ResearchActivities } from 'durable-research/activities';
import { deleteResponses, openRun, respond, type Responded, type Run } from 'durable-research/workflow';
import { z } from 'zod';

// The worker has the engine's own workflows too.
export * from 'durable-research/workflow';

const { 'durableResearch.readText': readText } = proxyActivities<ResearchActivities>({ startToCloseTimeout: '30s' });

const inputSchema = z.strictObject({ topic: z.string().min(1), rounds: z.int().min(1).max(10).default(3) });
const reviewSchema = z.strictObject({ approved: z.boolean(), remarks: z.string() });

/** What the workflow returns. */
export interface Article {
  approved: boolean;
  drafts: number;
  text: string;
  usd: number;
}

/** Writes, has it reviewed, and revises until the reviewer is content or the rounds are used up. */
export async function article(input: unknown): Promise<Article> {
  const { topic, rounds } = parsed(inputSchema, input, 'input');
  const run = await openRun({ tools: ['look_up_term'] });
  try {
    let draft = await written(run, 1, { prompt: `Write a page about ${topic}.`, tools: ['look_up_term'] });
    for (let round = 1; ; round += 1) {
      const { approved, remarks } = await reviewed(run, round, draft);
      if (approved || round === rounds) return await published(run, draft, { approved, drafts: round });
      draft = await written(run, round + 1, {
        prompt: `Revise the page. The reviewer says: ${remarks}`,
        context: { strategy: 'stateless', from: [draft], select: 'text' },
      });
    }
  } finally {
    await deleteResponses(run);
  }
}

type Step = Omit<Parameters<typeof respond>[1], 'id'>;

async function written(run: Run, number: number, step: Step): Promise<Responded> {
  return withOutput(await respond(run, { ...step, id: `draft-${number}` }));
}

async function reviewed(run: Run, round: number, draft: Responded): Promise<z.infer<typeof reviewSchema>> {
  const review = await respond(run, {
    id: `review-${round}`,
    prompt: 'Is this page fit to print? If not, say what has to change.',
    context: { strategy: 'stateless', from: [draft], select: 'text' },
    format: z.toJSONSchema(reviewSchema),
  });
  return parsed(reviewSchema, withOutput(review).collected?.json, review.id);
}

async function published(run: Run, draft: Responded, how: Pick<Article, 'approved' | 'drafts'>): Promise<Article> {
  const sources = draft.ref ? [draft.ref] : [];
  const { text } = await readText({ origin: run.record.origin, sources, maxBytes: 256 * 1024 });
  return { ...how, text: text ?? 'a page of more than 256 KB', usd: run.ledger.total().usd };
}

/** A step that failed is an outcome; that this workflow cannot go on without it is its own decision. */
function withOutput(responded: Responded): Responded {
  if (responded.ref) return responded;
  throw ApplicationFailure.nonRetryable(`${responded.id}: ${responded.reason}`, 'NoArticle');
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw ApplicationFailure.nonRetryable(`${what}: ${z.prettifyError(result.error)}`, 'NotValid');
}
