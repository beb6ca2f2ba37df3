import { defineUpdate, setHandler } from '@temporalio/workflow';
import { type Budget, type BudgetState, budgetSchema, capSchema } from '../contract/budget';
import { fromZod, type InputIssue, parseInput } from '../contract/issues';
import { RAISE_BUDGET_UPDATE } from '../contract/names';
import { type RunRecord } from '../contract/run-record';
import { type Board } from './board';
import { RunBudget } from './budget';
import { capText } from './budget-room';
import { invalidInput } from './failures';
import { type LedgerBook } from './ledger';
import { type RunOptions } from './run';
import { tellReceiver } from './tell-receiver';
import { type OpenTurn } from './turn';

interface Surroundings {
  ledger: () => LedgerBook | undefined;
  board: Board;
  turns: ReadonlyMap<string, OpenTurn>;
  /** Known once anything can wait. */
  record: () => RunRecord | undefined;
}

/**
 * The run's budget, undefined where it has none; and the update `raiseBudget`, which every run answers.
 * @throws ApplicationFailure `InvalidInput` for a budget that cannot be read.
 */
export function openBudget(options: RunOptions, surroundings: Surroundings): RunBudget | undefined {
  const { budget: raw, finalStepIds = [], carried } = options;
  const { board } = surroundings;
  const onPaused = (pause: Pause): Promise<void> => tellPaused(surroundings, pause);
  const budget = raw && new RunBudget(parse(options), { ...surroundings, onPaused, carried: carried?.budget });
  if (raw?.reserve) {
    const { usd = 0, tokens = 0 } = raw.reserve;
    budget?.keepBack([{ stepIds: new Set(finalStepIds), amount: { usd, tokens } }]);
  }
  if (budget) board.show(budget);
  setHandler(
    defineUpdate<BudgetState, [unknown]>(RAISE_BUDGET_UPDATE),
    (raised) => expected(budget).raise(capSchema.parse(raised)),
    {
      description: 'Raises the budget of the run: {"usd": 3} or {"tokens": 500000}, as new totals.',
      validator: (raised) => check(raised, surroundings, budget),
    },
  );
  return budget;
}

function parse({ budget, finalStepIds = [] }: RunOptions): Budget {
  const parsed = budgetSchema.safeParse(budget);
  const issues = parsed.success ? unnamed(parsed.data.reserve, finalStepIds) : fromZod(parsed.error, { ...budget });
  if (parsed.success && issues.length === 0) return parsed.data;
  throw invalidInput('budget of openRun', issues);
}

function unnamed(reserve: unknown, finalStepIds: readonly string[]): InputIssue[] {
  if (reserve === undefined || (reserve !== 'final' && finalStepIds.length > 0)) return [];
  return [{ path: ['reserve'], message: 'expected an amount, with "finalStepIds" that name the steps it is for' }];
}

/** An update that does not fit is refused before it is recorded. */
function check(raw: unknown, { ledger, board }: Surroundings, budget: RunBudget | undefined): void {
  const raised = parseInput(RAISE_BUDGET_UPDATE, capSchema, raw);
  const { caps } = expected(budget);
  const { usd, usage } = ledger()?.total() ?? { usd: 0, usage: { input: 0, output: 0 } };
  const spent = { usd, tokens: usage.input + usage.output };
  const { stage } = board.snapshot();
  const now = `the run is ${stage}, with a budget of ${capText(caps)}`;
  if (stage === 'ended') throw new Error(`the budget cannot be raised any more: ${now}`);
  for (const kind of ['usd', 'tokens'] as const) {
    const asked = raised[kind];
    if (asked === undefined) continue;
    if (caps[kind] === undefined) throw new Error(`"${kind}" cannot be raised, it is not bounded: ${now}`);
    if (asked >= spent[kind]) continue;
    const [less, already] = [capText({ [kind]: asked }), capText({ [kind]: spent[kind] })];
    throw new Error(`the budget cannot be ${less}, since ${already} is spent: ${now}`);
  }
}

function expected(budget: RunBudget | undefined): RunBudget {
  if (!budget) throw new Error('this run has no budget, so there is nothing to raise; it runs without a bound');
  return budget;
}

type Pause = { number: number; why: string };

async function tellPaused({ ledger, board, record }: Surroundings, { number, why }: Pause): Promise<void> {
  if (!record()?.notifies) return;
  const usd = ledger()?.total().usd ?? 0;
  await tellReceiver(board, { type: 'run.paused', usd, waitingFor: why, occurrence: number }, ' of a pause');
}
