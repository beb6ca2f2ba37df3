import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type OpenAI from 'openai';
import { durationMetadata } from '../durations';
import { type Said } from './plain-workflow';

const MODEL = 'gpt-6.1-terra';

export interface PlainStep {
  id: string;
  prompt: string;
  /** The step before it, whose prompt and answer are sent along. */
  before?: Said;
}

/** The two activities of a step as one writes them first: the official SDK, nothing stored, nothing counted. */
export function plainActivities(client: OpenAI) {
  return {
    async plainCreate({ id, prompt, before }: PlainStep): Promise<string> {
      const earlier = before && [
        { role: 'user' as const, content: before.prompt },
        { role: 'assistant' as const, content: before.text },
      ];
      const created = await client.responses.create({
        model: MODEL,
        background: true,
        store: true,
        input: [...(earlier ?? []), { role: 'user', content: prompt }],
        metadata: {
          workflow_id: activityInfo().workflowExecution?.workflowId ?? '',
          step_id: id,
          ...durationMetadata(id),
        },
      });
      return created.id;
    },
    async plainAwait(responseId: string): Promise<string> {
      const response = await client.responses.retrieve(responseId);
      if (response.status === 'queued' || response.status === 'in_progress') {
        throw ApplicationFailure.retryable(`${responseId} is ${response.status}`, 'Pending');
      }
      if (response.status !== 'completed') throw ApplicationFailure.nonRetryable(`${responseId} ${response.status}`);
      return response.output_text;
    },
  };
}
