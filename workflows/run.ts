import type { Priority } from '@temporalio/common';
import { defineQuery, patched, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { type HostedMcpUse, type ToolUse } from '../contract/activities';
import { type Approval } from '../contract/approval';
import { type CarriedRun } from '../contract/carry';
import { type Budget, type Cap } from '../contract/budget';
import { type Ledger } from '../contract/ledger';
import { LEDGER_QUERY, PROGRESS_QUERY } from '../contract/names';
import { type OnAmbiguousCreate } from '../contract/pipeline';
import { type RunPriority } from '../contract/priority';
import { type Progress, type ProgressQuery, progressQuerySchema } from '../contract/progress';
import { type RunRecord } from '../contract/run-record';
import { OwnConversation } from './conversation';
import { Approvals } from './approvals';
import { BackgroundKnowledge } from './background';
import { Board } from './board';
import { type RunBudget } from './budget';
import { CommandGate } from './command-gate';
import { priorityOf } from './create-place';
import { Deletions } from './deletions';
import { details } from './details';
import { EarlyFinish } from './early-finish';
import { listenToDoings } from './doings';
import { LedgerBook } from './ledger';
import { countSpent } from './metrics';
import { openBudget } from './open-budget';
import { Orphans } from './orphans';
import { resolveRecord } from './resolve-record';
import { Instructions } from './steering';
import { tellReceiver } from './tell-receiver';
import { type OpenTurn, type Turn, turnProgress } from './turn';

const progressQuery = defineQuery<Progress, [ProgressQuery?]>(PROGRESS_QUERY);
const ledgerQuery = defineQuery<Ledger | undefined>(LEDGER_QUERY);

/** What the steps of one workflow execution share: its record, its account and what people see of it. */
export interface Run {
  readonly record: RunRecord;
  readonly ledger: LedgerBook;
  readonly board: Board;
  readonly orphans: Orphans;
  readonly approvals: Approvals;
  /** What people tell the steps while they are at work. */
  readonly instructions: Instructions;
  readonly background: BackgroundKnowledge;
  readonly deletions: Deletions;
  /** Bounds what one workflow task schedules. */
  readonly gate: CommandGate;
  readonly onAmbiguousCreate: OnAmbiguousCreate;
  /** Of its creates; absent where the run says nothing of it. */
  readonly priority: Priority | undefined;
  /** Absent where the run has none. */
  readonly budget: RunBudget | undefined;
  /** Whether a person has told the run to come to its end, and for whom that holds. */
  readonly finish: EarlyFinish;
  /** Ids of the steps that have begun. */
  readonly claimed: Set<string>;
  /** Turns at work by their steps, those included that an execution before this one has begun. */
  readonly turns: Map<string, OpenTurn>;
  /** The run's own conversation, created when the first step asks for it; again by the next where that failed. */
  conversation(turn: Pick<Turn, 'step' | 'deadlineAt'>): Promise<string>;
  /** Everything, for the next execution of the run, which gives it to `openRun`. Complete while every turn rests. */
  carry(): CarriedRun;
}

/** A budget without `reserve: "final"`: only a pipeline knows its final steps before they run. */
export type OwnBudget = Omit<Budget, 'reserve'> & { reserve?: Cap };

/** What a workflow says of its run before it begins. */
export interface RunOptions extends RunPriority {
  /** Models that the run will name, so that their prices are in its record. */
  models?: string[];
  /** Tools of your own that the run will name; of a pipeline with where its input does, for the refusal of an unknown one. */
  tools?: (string | ToolUse)[];
  /** MCP servers that the provider calls, where the worker has their credentials or their places. */
  hostedMcp?: HostedMcpUse[];
  /** Steps in the order in which people see them; others are added as they begin. */
  stepIds?: string[];
  /** What happens to a create whose answer was lost. Default retry. */
  onAmbiguousCreate?: OnAmbiguousCreate;
  /** Most that the run may use; `respond` waits, or skips its step, where a worst price has no room. Default: no bound. */
  budget?: OwnBudget;
  /**
   * The last steps of the run. The budget's `reserve` is kept back for them, and once the run is told to finish
   * (`finishNow`), `respond` skips all others that have not begun. Default: none, and the run cannot be told that.
   */
  finalStepIds?: string[];
  /** What the execution before this one has handed over, where the run goes on from it. */
  carried?: CarriedRun;
}

/**
 * Opens a run: answers the queries `progress` and `ledger` from now on, and resolves what the run's decisions depend on.
 * Call it first, once a workflow.
 */
export async function openRun(options: RunOptions = {}): Promise<Run> {
  const { models = [], tools = [], hostedMcp = [], stepIds = [], onAmbiguousCreate = 'retry', carried } = options;
  const priority = priorityOf(options);
  const turns = new Map<string, OpenTurn>(carried?.turns);
  let ledger = carried && new LedgerBook(carried.record.prices, carried.record.simulated, countSpent);
  const board = new Board(
    () => ledger,
    (changed) => setCurrentDetails(details(changed)),
  );
  const orphans = new Orphans(() => ledger, board, turns);
  let record = carried?.record;
  const approvals = new Approvals(board, (approval) => tellAsked(board, { ledger, record }, approval));
  const budget = openBudget(options, { ledger: () => ledger, board, turns, record: () => record });
  // Before anything is listened to: what has arrived since is delivered at once.
  if (carried) restore(carried, { ledger, board, orphans, approvals, turns });
  orphans.listen();
  let background: BackgroundKnowledge | undefined;
  listenToDoings(board, () => background?.missing('it was ignored'));
  approvals.listen();
  answerQueries(board, () => ledger);
  if (!carried) for (const id of stepIds) board.update(id, {});
  // What arrived before the first task is checked at once, by the steps that are known.
  const { finish, instructions } = listenToPeople({ board, approvals, budget, turns }, options);
  const resolved = (record ??= await resolveRecord({ models, tools: tools.map(toolUse), hostedMcp }));
  const book = (ledger ??= new LedgerBook(resolved.prices, resolved.simulated, countSpent));
  const known = new BackgroundKnowledge(resolved, board, carried !== undefined);
  background = known;
  board.enter('running');
  const deletions = new Deletions(resolved.origin, board, carried?.deletions);
  const conversation = new OwnConversation(resolved.origin, carried?.conversation);
  return {
    record: resolved,
    ledger: book,
    board,
    orphans,
    approvals,
    instructions,
    background: known,
    deletions,
    budget,
    finish,
    gate: new CommandGate(),
    onAmbiguousCreate,
    priority,
    claimed: new Set(),
    turns,
    conversation: (turn) => conversation.id(turn),
    carry: () => ({
      record: { ...resolved, ...known.carry() },
      ledger: book.carry(),
      board: board.carry(),
      orphans: orphans.carry(),
      questions: approvals.carry(),
      turns: [...turns].map(([id, turn]) => [id, turnProgress(turn)]),
      conversation: conversation.known,
      deletions: deletions.carry(),
      ...(budget && { budget: budget.carry() }),
      ...instructions.carry(),
      ...finish.carry(),
    }),
  };
}

type Guided = Omit<ConstructorParameters<typeof EarlyFinish>[0], 'finalStepIds' | 'carried'>;

/** Answers `finishNow` and `steer` from now on. */
function listenToPeople(
  guided: Guided,
  { finalStepIds = [], carried }: RunOptions,
): Pick<Run, 'finish' | 'instructions'> {
  const finish = new EarlyFinish({ ...guided, finalStepIds, carried: carried?.finish });
  finish.listen();
  const instructions = new Instructions(guided.board, () => guided.budget?.reprice(), carried?.steering);
  instructions.listen();
  return { finish, instructions };
}

const PATCH = '0.3.0 tells the receiver what waits for a person';

type Known = { ledger: LedgerBook | undefined; record: RunRecord | undefined };

/** Undefined where nobody is told. */
function tellAsked(board: Board, { ledger, record }: Known, approval: Approval): Promise<void> | undefined {
  if (!record?.notifies || !patched(PATCH)) return undefined;
  const { detail: _private, ...told } = approval;
  const usd = ledger?.total().usd ?? 0;
  return tellReceiver(board, { type: 'approval.requested', usd, approval: told }, ` of ${approval.id}`);
}

type Restored = Pick<Run, 'board' | 'orphans' | 'approvals' | 'turns'> & { ledger: LedgerBook | undefined };

function restore(carried: CarriedRun, { ledger, board, orphans, approvals, turns }: Restored): void {
  ledger?.restore(carried.ledger);
  board.restore(carried.board);
  orphans.restore(carried.orphans);
  approvals.restore(carried.questions, turns);
}

function answerQueries(board: Board, ledger: () => LedgerBook | undefined): void {
  setHandler(progressQuery, (raw) => board.snapshot(progressQuerySchema.parse(raw ?? {})), {
    description: 'Where every step of the run stands; {"since": version} for what changed only.',
  });
  setHandler(ledgerQuery, () => ledger()?.snapshot(), { description: 'Tokens and money by step and in total.' });
}

function toolUse(tool: string | ToolUse, index: number): ToolUse {
  return typeof tool === 'string' ? { name: tool, path: ['tools', index] } : tool;
}
