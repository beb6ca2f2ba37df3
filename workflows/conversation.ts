import { quick } from './activities';
import { type Turn } from './turn';

/** The conversation that a run makes for itself: when the first step asks for it, and again where that failed. */
export class OwnConversation {
  private creating: Promise<string> | undefined;

  constructor(
    private readonly origin: string,
    /** Its id, once there is one. */
    public known?: string,
  ) {}

  id(turn: Pick<Turn, 'step' | 'deadlineAt'>): Promise<string> {
    return (this.creating ??= this.known === undefined ? this.tryCreate(turn) : Promise.resolve(this.known));
  }

  private tryCreate(turn: Pick<Turn, 'step' | 'deadlineAt'>): Promise<string> {
    return this.create(turn).catch((error: unknown) => {
      this.creating = undefined;
      throw error;
    });
  }

  private async create({ step: { id: stepId }, deadlineAt }: Pick<Turn, 'step' | 'deadlineAt'>): Promise<string> {
    const creating = quick('conversation of this run');
    const { conversationId } = await creating['durableResearch.createConversation']({
      origin: this.origin,
      stepId,
      deadlineAt,
    });
    this.known = conversationId;
    return conversationId;
  }
}
