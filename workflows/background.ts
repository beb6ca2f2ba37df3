import { type Background, type RunRecord } from '../contract/run-record';
import { type Board } from './board';

const PROVIDER = 'the provider';

/** What a run knows of its provider's background mode. Without it a response runs in the foreground, as a stream. */
export class BackgroundKnowledge {
  private mode: Background;
  /** Models that it was refused for: a provider may have it for others. */
  private readonly refusing: Set<string>;
  /** Of what has been told. */
  private readonly warned: Set<string>;

  constructor(
    /** Absent in records of versions that took background mode for granted. */
    { background = 'full', foregroundModels = [] }: Partial<Pick<RunRecord, 'background' | 'foregroundModels'>>,
    private readonly board: Board,
    /** Whether an execution before this one has told of what is in the record. */
    told: boolean,
  ) {
    this.mode = background;
    this.refusing = new Set(foregroundModels);
    this.warned = new Set(told ? [...(background === 'none' ? [PROVIDER] : []), ...foregroundModels] : []);
  }

  get known(): Background {
    return this.mode;
  }

  of(model: string): Background {
    return this.refusing.has(model) ? 'none' : this.mode;
  }

  /** For the record of the next execution. */
  carry(): Pick<RunRecord, 'background' | 'foregroundModels'> {
    return { background: this.mode, foregroundModels: [...this.refusing] };
  }

  /** A background response was waited for. */
  proved(): void {
    if (this.mode === 'unknown') this.mode = 'full';
  }

  /** It was found missing, whatever the model. */
  missing(how: string): void {
    this.mode = 'none';
    this.tell(PROVIDER, how);
  }

  /** A create of the model was refused in the background, and not in the foreground. */
  refusedBy(model: string): void {
    this.refusing.add(model);
    this.tell(model, 'it was refused');
  }

  /** A create of the model runs in the foreground. */
  warn(model: string, how: string): void {
    this.tell(this.mode === 'none' ? PROVIDER : model, how);
  }

  /** Once a run. */
  private tell(who: string, how: string): void {
    if (this.warned.has(who)) return;
    this.warned.add(who);
    this.board.warn(
      `${who} has no background mode (${how}): steps run as foreground streams, which are not resumable; a worker that dies in one loses what it cost`,
    );
  }
}
