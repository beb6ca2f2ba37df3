import type { Ask } from '../answer/ask';
import type { Draft } from '../answer/draft';
import type { Item } from '../responses/record';
import type { RequestSettings } from '../responses/request';
import type { Choice } from '../tool-calls/choice';
import type { Sources } from '../tool-calls/sources';
import { obey } from './obey';
import type { Order } from './orders';
import { withSaid } from './say';
import { ordersFound, ordersSent } from './texts';

/** What an obedient turn looks at. */
export interface ObedientTurn {
  readonly body: RequestSettings;
  readonly choice: Choice;
  readonly ask: Ask;
  /** All items of the context, and those that this response has made already. */
  readonly items: readonly Item[];
}

/** A turn of a model that follows every instruction that it reads, wherever it stands. */
export class Obedience {
  private unmet: readonly Order[] = [];

  constructor(private readonly turn: ObedientTurn) {}

  /** The calls that a turn makes before it searches, `own` being those that it would make anyway. */
  atOnce(own: readonly Item[]): Item[] {
    return this.calls(ordersSent(this.turn.items, this.turn.ask), own);
  }

  /** The calls that what was found asks for. */
  afterSearch(sources: Sources, queries: readonly string[]): Item[] {
    return this.calls(ordersFound(sources, queries), []);
  }

  /** The answer with what could not be carried out by a call. */
  said(draft: Draft): Draft {
    return withSaid(draft, this.unmet, this.turn.body.text?.format ?? { type: 'text' });
  }

  private calls(orders: readonly Order[], own: readonly Item[]): Item[] {
    const { body, choice, ask, items } = this.turn;
    // No model calls anything where the request forbids it.
    if (body.tool_choice === 'none') {
      this.unmet = [...this.unmet, ...orders];
      return [...own];
    }
    const { calls, unmet } = obey(orders, { own, tools: choice.tools, items, prompt: ask.prompt });
    this.unmet = [...this.unmet, ...unmet];
    return body.parallel_tool_calls === false ? calls.slice(0, 1) : calls;
  }
}
