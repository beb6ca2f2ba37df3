import { setTimeout as delay } from 'node:timers/promises';
import { createWebhookReader, type WebhookEvent } from '../openai';

/**
 * What a gateway does with the end of a response; see `openAnnouncement` of the worker. Returns what became of it, and
 * whose response it is.
 */
export type Announce = (responseId: string) => Promise<{ outcome: string; workflowId?: string; stepId?: string }>;

/** What a gateway reports of each webhook: for logs and metrics. */
export interface WebhookReport {
  /** What became of it; `failed`: the provider sends it again; `ignored`: of another kind; `refused`: not the provider's. */
  outcome: string;
  /** This and what follows is undefined for one that is refused. */
  eventId?: string;
  /** Such as `response.completed`. */
  type?: string;
  responseId?: string;
  /** The run and the step of the response, where it is ours. */
  workflowId?: string;
  stepId?: string;
  /** Milliseconds from the event at the provider until it was dealt with. */
  lagMs?: number;
  error?: unknown;
}

export interface ReceiveOptions {
  /** Of the provider's webhook endpoint; several while one is replaced by another. */
  secrets: readonly string[];
  announce: Announce;
  report: (report: WebhookReport) => void;
}

/** How a webhook is answered. */
export interface Answer {
  status: 200 | 202 | 503;
  body: { outcome: string };
}

type Headers = Record<string, string | string[] | undefined>;

/** The provider gives up an answer after a few seconds, and sends the webhook again. */
const ANSWER_WITHIN_MS = 2_000;
const RESPONSE_EVENT = /^response\.(completed|failed|cancelled|incomplete)$/;

/**
 * Deals with webhooks. The work is done before the answer where it is quick: one that fails is then sent again by the
 * provider, and a gateway that is killed in between has acknowledged nothing. Deliveries of the same response at the
 * same time share the work.
 */
export class Receiver {
  private readonly read;
  private readonly working = new Map<string, Promise<Answer>>();

  constructor(private readonly options: ReceiveOptions) {
    this.read = createWebhookReader(options.secrets);
  }

  /**
   * Deals with one delivery.
   * @throws WebhookRefused for one that is not the provider's.
   */
  async receive(body: string, headers: Headers): Promise<Answer> {
    const event = await this.readOrRefuse(body, headers);
    if (!RESPONSE_EVENT.test(event.type)) {
      this.options.report({ outcome: 'ignored', eventId: event.id, type: event.type });
      return { status: 200, body: { outcome: 'ignored' } };
    }
    const answer = this.working.get(event.data.id) ?? this.work(event);
    this.working.set(event.data.id, answer);
    return Promise.race([answer, later()]);
  }

  /** Resolves when everything that was begun has ended. */
  async drained(): Promise<void> {
    await Promise.all(this.working.values());
  }

  private async readOrRefuse(body: string, headers: Headers): Promise<WebhookEvent> {
    try {
      return await this.read(body, headers);
    } catch (error) {
      this.options.report({ outcome: 'refused', error });
      throw error;
    }
  }

  private async work({ id: eventId, type, created_at: createdAt, data }: WebhookEvent): Promise<Answer> {
    const tell = (became: Pick<WebhookReport, 'outcome' | 'workflowId' | 'stepId' | 'error'>): void => {
      const lagMs = Math.max(0, Date.now() - createdAt * 1000);
      this.options.report({ eventId, type, responseId: data.id, lagMs, ...became });
    };
    try {
      const announced = await this.options.announce(data.id);
      tell(announced);
      const { outcome } = announced;
      // An end that the provider itself does not show yet: it is announced again, when its reads are no longer stale.
      return { status: outcome === 'pending' ? 503 : 200, body: { outcome } };
    } catch (error) {
      tell({ outcome: 'failed', error });
      return { status: 503, body: { outcome: 'failed' } };
    } finally {
      this.working.delete(data.id);
    }
  }
}

async function later(): Promise<Answer> {
  await delay(ANSWER_WITHIN_MS, undefined, { ref: false });
  return { status: 202, body: { outcome: 'working' } };
}
