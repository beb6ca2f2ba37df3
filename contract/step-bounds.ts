import { type PlannedStep } from './graph';
import { hostedTools } from './step';
import { maxOutput, type PriceTable, type StepBound } from './prices';

/** A step whose model is known. */
export type PricedStep = PlannedStep & { model: string };

/**
 * What steps can use before any of them has run: the most tokens that they can hand to each other. Expects steps that do
 * not wait for each other.
 */
export class StepBounds {
  private readonly byId: ReadonlyMap<string, PricedStep>;
  private readonly known = new Map<string, number>();

  constructor(
    private readonly steps: readonly PricedStep[],
    private readonly prices: PriceTable,
  ) {
    this.byId = new Map(steps.map((step) => [step.id, step]));
  }

  of(step: PricedStep): StepBound {
    return {
      model: step.model,
      ownBytes: bytesOf(step),
      contextTokens: this.seenBy(step),
      maxOutputTokens: step.maxOutputTokens,
      tools: hostedTools(step.tools).map(({ type }) => type),
      maxToolCalls: step.maxToolCalls,
    };
  }

  /** Tokens beside its own prompt that a step may be sent: outputs in its template, and its context. */
  private seenBy(step: PricedStep): number {
    const known = this.known.get(step.id) ?? this.inTemplate(step) + this.inContext(step);
    this.known.set(step.id, known);
    return known;
  }

  private inTemplate({ parts }: PricedStep): number {
    return sum(parts.map((part) => (part.kind === 'step' ? this.output(part.stepId) : 0)));
  }

  private inContext({ id, context, contextFrom }: PricedStep): number {
    if (context?.strategy === 'previous_response') return sum(contextFrom.map((parent) => this.chain(parent)));
    const shared = (other: PricedStep): boolean =>
      context?.strategy === 'conversation' &&
      other.context?.strategy === 'conversation' &&
      other.context.conversation === context.conversation;
    const inConversation = this.steps.filter((other) => other.id !== id && shared(other)).map((other) => other.id);
    return sum([...new Set([...contextFrom, ...inConversation])].map((from) => this.exchange(from)));
  }

  /** A step's prompt and output. One token a byte is more than any text has. */
  private exchange(id: string): number {
    const step = this.byId.get(id);
    return step ? bytesOf(step) + this.inTemplate(step) + this.output(id) : 0;
  }

  /** A response brings everything along that it had seen itself. */
  private chain(id: string): number {
    const step = this.byId.get(id);
    return step ? bytesOf(step) + this.seenBy(step) + this.output(id) : 0;
  }

  private output(id: string): number {
    const step = this.byId.get(id);
    return step ? maxOutput(this.prices, step) : 0;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function bytesOf({ prompt, instructions, tools, format }: PlannedStep): number {
  return new TextEncoder().encode(JSON.stringify([prompt, instructions, tools, format])).length;
}
