import { createHash } from 'node:crypto';
import {
  type CallOutput,
  type ContextItem,
  type CreateResponseInput,
  type EarlierTurn,
  type PromptPart,
} from '../contract/activities';
import { promptText, valueAt } from '../contract/template';
import {
  approvalResponse,
  callOutput,
  type Item,
  outputText,
  ProviderError,
  type Said,
  structuredText,
  toContextItems,
  userMessage,
  withinStep,
} from '../openai';
import { missingNote } from '../prompts/missing-note';
import { personInstruction } from '../prompts/person-instruction';
import { untrustedText } from '../prompts/untrusted-text';
import { type ActivityDeps } from './deps';
import { readOutput, readPrompt } from './read-output';

type Sources = Pick<ActivityDeps, 'provider' | 'store'>;

/** Fills references with bytes; workflows only ever hold the references. */
export async function render(sources: Sources, input: CreateResponseInput): Promise<Said> {
  const answers = await renderAnswers(sources, input);
  const steering = (input.steering ?? []).map((instruction) => userMessage(personInstruction(instruction)));
  // The provider holds everything but the outputs that it asked for.
  if (input.outputs) return { context: [], answers, steering };
  const prompt = (await Promise.all(input.prompt.map((part) => renderPart(sources, part)))).join('');
  const context = (await Promise.all(input.context.map((item) => renderContext(sources, item, input.select)))).flat();
  return { prompt, context, answers, steering };
}

async function renderAnswers(sources: Sources, { stepId, turns = [], outputs = [] }: CreateResponseInput) {
  const before = await renderTurns(sources, stepId, turns);
  return [...withinStep(before), ...(await renderOutputs(sources, outputs))];
}

/** Outputs of the turns of a step, each followed by what its calls were answered with. */
async function renderTurns(sources: Sources, stepId: string, turns: readonly EarlierTurn[]): Promise<Item[]> {
  const items = turns.map(async ({ responseId, outputs }) => {
    const { output } = await readOutput(sources, { stepId, responseId });
    return [...output, ...(await renderOutputs(sources, outputs))];
  });
  return (await Promise.all(items)).flat();
}

function renderOutputs({ store }: Sources, outputs: readonly CallOutput[]): Promise<Item[]> {
  return Promise.all(
    outputs.map(async ({ callId, text, ref = '', approve }) => {
      if (approve !== undefined) return approvalResponse(callId, { approve, reason: text });
      const output = text ?? (await store.getPrompt(ref));
      if (output !== undefined) return callOutput(callId, output);
      throw new ProviderError('ResponseLost', `the output store does not have the result of ${callId} any more`);
    }),
  );
}

async function renderPart(sources: Sources, part: PromptPart): Promise<string> {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'missing') return missingNote(part);
  const { output } = await readOutput(sources, part.ref);
  if (part.field === 'text') return asData(part, outputText(output));
  const value = valueAt(parseJson(structuredText(output), part.ref.stepId), part.path);
  if (value === undefined) {
    throw new ProviderError(
      'InvalidRequest',
      `{{steps.${[part.ref.stepId, 'json', ...part.path].join('.')}}} names a value that the output does not have`,
    );
  }
  // A number, or a yes or no, cannot say anything.
  return value !== null && /string|object/.test(typeof value) ? asData(part, promptText(value)) : promptText(value);
}

/** The mark depends on the text, which therefore cannot hold it; and it is the same in every attempt. */
function asData({ ref: { stepId, responseId }, trusted }: OutputPart, text: string): string {
  if (trusted) return text;
  const mark = createHash('sha256').update(`${responseId}\n${text}`).digest('hex').slice(0, MARK_CHARS);
  return untrustedText({ text, stepId, mark });
}

type OutputPart = Extract<PromptPart, { kind: 'output' }>;
const MARK_CHARS = 16;

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
  const before = await renderTurns(sources, item.ref.stepId, item.ref.turns ?? []);
  return toContextItems({ prompt, before, output }, select);
}
