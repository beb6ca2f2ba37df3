import { setCurrentDetails, setHandler, defineQuery } from '@temporalio/workflow';
import { type Ledger } from '../contract/ledger';
import { LEDGER_QUERY, PROGRESS_QUERY } from '../contract/names';
import { type OnAmbiguousCreate } from '../contract/pipeline';
import { type Progress, type ProgressQuery, progressQuerySchema } from '../contract/progress';
import { type RunRecord } from '../contract/run-record';
import { quick } from './activities';
import { Approvals } from './approvals';
import { BackgroundKnowledge } from './background';
import { Board } from './board';
import { details } from './details';
import { listenToDoings } from './doings';
import { LedgerBook } from './ledger';
import { countSpent } from './metrics';
import { Orphans } from './orphans';
import { type Turn } from './turn';

const progressQuery = defineQuery<Progress, [ProgressQuery?]>(PROGRESS_QUERY);
const ledgerQuery = defineQuery<Ledger | undefined>(LEDGER_QUERY);

/** What the steps of one workflow execution share: its record, its account and what people see of it. */
export interface Run {
  readonly record: RunRecord;
  readonly ledger: LedgerBook;
  readonly board: Board;
  readonly orphans: Orphans;
  readonly approvals: Approvals;
  readonly background: BackgroundKnowledge;
  readonly onAmbiguousCreate: OnAmbiguousCreate;
  /** Ids of the steps that have begun. */
  readonly claimed: Set<string>;
  /** The run's own conversation, created when the first step asks for it; again by the next where that failed. */
  conversation(turn: Pick<Turn, 'step' | 'deadlineAt'>): Promise<string>;
}

/** What a workflow says of its run before it begins. */
export interface RunOptions {
  /** Models that the run will name, so that their prices are in its record. */
  models?: string[];
  /** Steps in the order in which people see them; others are added as they begin. */
  stepIds?: string[];
  /** What happens to a create whose answer was lost. Default retry. */
  onAmbiguousCreate?: OnAmbiguousCreate;
}

/**
 * Opens a run: answers the queries `progress` and `ledger` from now on, and resolves what the run's decisions depend on.
 * Call it first, once a workflow.
 */
export async function openRun(options: RunOptions = {}): Promise<Run> {
  const { models = [], stepIds = [], onAmbiguousCreate = 'retry' } = options;
  let ledger: LedgerBook | undefined;
  const board = new Board(
    () => ledger,
    (changed) => setCurrentDetails(details(changed)),
  );
  const orphans = new Orphans(() => ledger, board);
  orphans.listen();
  let background: BackgroundKnowledge | undefined;
  listenToDoings(board, () => background?.missing('it was ignored'));
  const approvals = new Approvals(board);
  approvals.listen();
  setHandler(progressQuery, (raw) => board.snapshot(progressQuerySchema.parse(raw ?? {})), {
    description: 'Where every step of the run stands; {"since": version} for what changed only.',
  });
  setHandler(ledgerQuery, () => ledger?.snapshot(), { description: 'Tokens and money by step and in total.' });
  for (const id of stepIds) board.update(id, {});
  const record = await quick('provider, models and prices of this run')['durableResearch.resolveRun']({ models });
  ledger = new LedgerBook(record.prices, record.simulated, countSpent);
  background = new BackgroundKnowledge(record.background ?? 'full', board);
  board.enter('running');
  let conversation: Promise<string> | undefined;
  return {
    record,
    ledger,
    board,
    orphans,
    approvals,
    background,
    onAmbiguousCreate,
    claimed: new Set(),
    conversation: (turn) =>
      (conversation ??= newConversation(record.origin, turn).catch((error: unknown) => {
        conversation = undefined;
        throw error;
      })),
  };
}

async function newConversation(
  origin: string,
  { step: { id: stepId }, deadlineAt }: Pick<Turn, 'step' | 'deadlineAt'>,
): Promise<string> {
  const creating = quick('conversation of this run');
  const { conversationId } = await creating['durableResearch.createConversation']({ origin, stepId, deadlineAt });
  return conversationId;
}
