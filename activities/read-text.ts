import { type FinalText, type ReadTextInput } from '../contract/activities';
import { type Citation } from '../contract/outcome';
import { citationsOf, type Item, outputText } from '../openai';
import { type ActivityDeps } from './deps';
import { asActivity, assertOrigin } from './failures';
import { readOutput } from './read-output';

/** Texts of a run's final steps as one, for its result; one that is too long is only measured. */
export async function readText(deps: ActivityDeps, input: ReadTextInput): Promise<FinalText> {
  assertOrigin(deps.provider.origin, input.origin);
  return asActivity(async () => {
    const { text, citations } = await joinTexts(deps, input.sources);
    const bytes = Buffer.byteLength(text);
    const whole = bytes + Buffer.byteLength(JSON.stringify(citations));
    return whole > input.maxBytes ? { bytes, citations: [] } : { text, bytes, citations };
  });
}

/**
 * One step: its text. Several: one section each, under the step's id. The same source has the same number everywhere.
 * @throws ProviderError `ResponseLost` where nobody has an output any more.
 */
export async function joinTexts(
  deps: Pick<ActivityDeps, 'provider' | 'store'>,
  sources: ReadTextInput['sources'],
): Promise<{ text: string; citations: Citation[] }> {
  const outputs = await Promise.all(sources.map((source) => readOutput(deps, source)));
  const numbers = new Map<string, number>();
  const citations: Citation[] = [];
  let text = '';
  for (const [index, { stepId }] of sources.entries()) {
    const output: Item[] = outputs[index]?.output ?? [];
    if (sources.length > 1) text += `${text ? '\n\n' : ''}## ${stepId}\n\n`;
    for (const citation of citationsOf(output, stepId)) {
      citations.push({ ...citation, number: numberOf(citation, numbers), at: citation.at + text.length });
    }
    text += outputText(output);
  }
  return { text, citations };
}

function numberOf({ url, fileId, title }: Citation, numbers: Map<string, number>): number {
  const source = url ?? fileId ?? title ?? '';
  const number = numbers.get(source) ?? numbers.size + 1;
  numbers.set(source, number);
  return number;
}
