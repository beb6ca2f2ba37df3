import { type ContextItem, type CreateResponseInput, type PromptPart } from '../contract/activities';
import { promptText, valueAt } from '../contract/template';
import { type Item, outputText, ProviderError, structuredText, toContextItems, userMessage } from '../openai';
import { missingNote } from '../prompts/missing-note';
import { type ActivityDeps } from './deps';
import { readOutput, readPrompt } from './read-output';

type Sources = Pick<ActivityDeps, 'provider' | 'store'>;

/** Everything a create says: the prompt with earlier outputs filled in, and the earlier steps as items. */
export type Rendered = { prompt: string; context: Item[] };

/** Fills references with bytes; workflows only ever hold the references. */
export async function render(sources: Sources, input: CreateResponseInput): Promise<Rendered> {
  const prompt = (await Promise.all(input.prompt.map((part) => renderPart(sources, part)))).join('');
  const context = (await Promise.all(input.context.map((item) => renderContext(sources, item, input.select)))).flat();
  return { prompt, context };
}

async function renderPart(sources: Sources, part: PromptPart): Promise<string> {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'missing') return missingNote(part);
  const { output } = await readOutput(sources, part.ref);
  if (part.field === 'text') return outputText(output);
  const value = valueAt(parseJson(structuredText(output), part.ref.stepId), part.path);
  if (value === undefined) {
    throw new ProviderError(
      'InvalidRequest',
      `{{steps.${[part.ref.stepId, 'json', ...part.path].join('.')}}} names a value that the output does not have`,
    );
  }
  return promptText(value);
}

function parseJson(text: string, stepId: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProviderError(
      'InvalidRequest',
      `the output of step "${stepId}" is not JSON, so {{steps.${stepId}.json}} cannot be filled in`,
      undefined,
      { cause: error },
    );
  }
}

async function renderContext(
  sources: Sources,
  item: ContextItem,
  select: CreateResponseInput['select'],
): Promise<Item[]> {
  if (item.kind === 'missing') return [userMessage(missingNote(item))];
  const [prompt, { output }] = await Promise.all([readPrompt(sources, item.ref), readOutput(sources, item.ref)]);
  return toContextItems({ prompt, output }, select);
}
