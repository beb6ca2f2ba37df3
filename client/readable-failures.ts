import { type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { z } from 'zod';
import { decodePayload, DecryptionError } from '../codec';

/** What the SDK puts into the payload of a failure whose message is encoded. */
const attributesSchema = z.looseObject({ message: z.string() });

type Failure = NonNullable<
  NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]['lastFailure']
>;

/**
 * Puts the messages of pending activities' failures back into their place, in `raw` itself: the SDK decodes what a run
 * came to, and leaves these. One that cannot be decrypted says so, since the rest of the description can still be used.
 */
export async function readFailures(client: Client, { raw }: WorkflowExecutionDescription): Promise<void> {
  const failures = raw.pendingActivities?.flatMap(({ lastFailure }) => lastFailure ?? []) ?? [];
  for (const failure of failures) failure.message = await messageOf(client, failure);
}

async function messageOf(client: Client, { encodedAttributes, message }: Failure): Promise<string | null | undefined> {
  if (!encodedAttributes) return message;
  try {
    const attributes = attributesSchema.safeParse(
      await decodePayload(client.options.loadedDataConverter, encodedAttributes),
    );
    return attributes.data?.message ?? message;
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    return error.message;
  }
}
