import { DEFAULT_MAX_TURNS, DEFAULT_RETRIES, type PlannedStep } from '../contract/graph';
import { maxOutput, type PriceTable, worstPrice } from '../contract/prices';
import { hostedTools, ownTools } from '../contract/step';
import { loadPrices } from '../openai';
import { readWorkerConfig } from './config';

/** The most that a run can cost before anything of it has run. */
export interface WorstCost {
  /** USD when every step is created once; NaN when a model has no price. */
  usd: number;
  /** USD when every step is created again as often as its `retries` allow. */
  usdWithRetries: number;
  /** Models without a price. */
  unpriced: string[];
  /** Day of the prices. */
  pricesDate: string;
}

/**
 * Worst price of a planned pipeline at the provider that the environment names.
 * @throws ConfigurationError for the environment.
 */
export async function estimateWorstUsd(steps: readonly PlannedStep[], env: NodeJS.ProcessEnv): Promise<WorstCost> {
  const config = readWorkerConfig(env);
  return worstCost(steps, await loadPrices(config.pricesFile), config.defaultModel);
}

/** Worst price of planned steps by a price table. */
export function worstCost(planned: readonly PlannedStep[], prices: PriceTable, defaultModel: string): WorstCost {
  const steps = planned.map((step): Priced => ({ ...step, model: step.model ?? defaultModel }));
  const bounds = new Bounds(steps, prices);
  let usd = 0;
  let usdWithRetries = 0;
  const unpriced = new Set<string>();
  for (const step of steps) {
    const worst = worstPrice(prices, {
      model: step.model,
      ownBytes: bytesOf(step),
      contextTokens: bounds.seenBy(step),
      maxOutputTokens: step.maxOutputTokens,
      tools: hostedTools(step.tools).map(({ type }) => type),
    });
    if (Number.isNaN(worst)) unpriced.add(step.model);
    // What its tools will answer is not known: each of its turns counts as its first one.
    const turns = ownTools(step.tools).length > 0 ? (step.maxTurns ?? DEFAULT_MAX_TURNS) : 1;
    usd += worst * turns;
    usdWithRetries += worst * (turns + (step.retries ?? DEFAULT_RETRIES));
  }
  return { usd, usdWithRetries, unpriced: [...unpriced], pricesDate: prices.date };
}

type Priced = PlannedStep & { model: string };

/** The most tokens that steps can hand to each other. Expects steps that do not wait for each other. */
class Bounds {
  private readonly byId: ReadonlyMap<string, Priced>;
  private readonly known = new Map<string, number>();

  constructor(
    private readonly steps: readonly Priced[],
    private readonly prices: PriceTable,
  ) {
    this.byId = new Map(steps.map((step) => [step.id, step]));
  }

  /** Tokens beside its own prompt that a step may be sent: outputs in its template, and its context. */
  seenBy(step: Priced): number {
    const known = this.known.get(step.id) ?? this.inTemplate(step) + this.inContext(step);
    this.known.set(step.id, known);
    return known;
  }

  private inTemplate({ parts }: Priced): number {
    return sum(parts.map((part) => (part.kind === 'step' ? this.output(part.stepId) : 0)));
  }

  private inContext({ id, context, contextFrom }: Priced): number {
    if (context?.strategy === 'previous_response') return sum(contextFrom.map((parent) => this.chain(parent)));
    const shared = (other: Priced): boolean =>
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
  return Buffer.byteLength(JSON.stringify([prompt, instructions, tools, format]));
}
