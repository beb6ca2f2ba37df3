import {
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  isCancellation,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { type PromptPart } from '../contract/activities';
import { type Carry, carrySchema, type EndedStep } from '../contract/carry';
import { finalSteps, type PlannedStep } from '../contract/graph';
import { InvalidInputError } from '../contract/issues';
import {
  DEFAULT_MAX_PARALLEL,
  type PipelineInput,
  type PipelinePlan,
  type PipelineResult,
  planPipeline,
} from '../contract/pipeline';
import { promptText, type TemplatePart, valueAt } from '../contract/template';
import { allRest, carryOf, fits, isLong } from './carry';
import { checkPlan } from './check-plan';
import { deleteResponses } from './deletions';
import { NOT_BEGUN } from './early-finish';
import { failureName, ownFailure, runFailure } from './failures';
import { finalShares } from './final-shares';
import { runGraph } from './graph';
import { jsonBytes } from './json-bytes';
import { respond } from './respond';
import { pipelineResult } from './result';
import { openRun, type Run, type RunOptions } from './run';
import { reportRun } from './report';
import { skipStep } from './skip-step';
import { hasNothing, standIns } from './stand-ins';
import { tellReceiver } from './tell-receiver';
import { type RespondContext } from './turn';
import { usedTools } from './used-tools';

/**
 * Runs a graph of steps, each one background response, and returns their outcomes with the final text.
 * Input is one plain JSON object, see `pipelineInputSchema`; a wrong one fails the run at once as `InvalidInput`.
 * A run whose history grows long goes on in a new execution of its workflow id, which is given what it carries besides.
 */
export async function pipeline(input: PipelineInput, ...rest: unknown[]): Promise<PipelineResult> {
  const { plan, carry } = parse([input, ...rest]);
  const { steps } = plan;
  const models = steps.flatMap(({ model }) => (model === undefined ? [] : [model]));
  const tools = usedTools(plan);
  const stepIds = steps.map(({ id }) => id);
  const { onAmbiguousCreate, maxParallel = DEFAULT_MAX_PARALLEL, priority, fairnessKey, fairnessWeight } = plan.input;
  const finalStepIds = finalSteps(steps).map(({ id }) => id);
  const known = { models, ...tools, stepIds, finalStepIds };
  const order = { priority, fairnessKey, fairnessWeight };
  const run = await openRun({ ...known, ...order, onAmbiguousCreate, carried: carry?.run, ...budgetOf(plan) });
  checkPlan(run, plan);
  if (plan.input.budget?.reserve === 'final') run.budget?.keepBack(finalShares(run, steps));
  void CancellationScope.current().cancelRequested.catch(() => run.board.enter('cancelling'));
  try {
    const ended = new Map(carry?.ended.map((one) => [one.id, one]));
    const inputBytes = jsonBytes(input);
    const open = new Set(steps.flatMap(({ id, openToOthers }) => (openToOthers ? [id] : [])));
    const carried = (): Carry => carryOf(run, steps, ended);
    await runGraph(
      steps,
      {
        maxParallel,
        ended,
        begun: new Set(run.turns.keys()),
        full: isLong(run, () => fits(carried(), inputBytes)),
        allRest: () => allRest(run),
        stay: () => run.gate.open(),
        early: {
          isDropped: ({ id }) => run.finish.skips(id),
          drop: ({ id }) => skipStep(run, id, NOT_BEGUN),
          onChange: (dropAndStart) => run.finish.onAsked(dropAndStart),
        },
      },
      (step, earlier) => runStep(run, plan, { step, earlier, open }),
    );
    if (ended.size < steps.length) return await goOn(input, carried());
    const result = orNoOutput(await pipelineResult(run, steps, ended));
    await conclude(run, result.outcome);
    return result;
  } catch (error) {
    // Anything else is a bug: it fails the workflow task, which is tried again, and not the run.
    if (error instanceof TemporalFailure) await conclude(run, isCancellation(error) ? 'cancelled' : 'failed', error);
    throw error;
  }
}

/** Ends this execution; the next one of the same workflow id takes up what is open. A cancel that has come is not lost. */
async function goOn(input: PipelineInput, carry: Carry): Promise<never> {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled between two executions');
  return continueAsNew<typeof pipeline>(input, carry);
}

/** What the execution before this one has handed over comes as a second argument, which nobody else may give. */
function parse(args: unknown[]): { plan: PipelinePlan; carry?: Carry } {
  const carries = args.length === 2 && workflowInfo().continuedFromExecutionRunId !== undefined;
  try {
    if (args.length > 1 && !carries) {
      throw new InvalidInputError('pipeline input', [
        { path: [], message: `expected one object argument, got ${args.length} arguments` },
      ]);
    }
    // One that this version cannot read fails the task and not the run: a worker that can may come.
    return { plan: planPipeline(args[0]), carry: carries ? carrySchema.parse(args[1]) : undefined };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw runFailure('InvalidInput', error.message);
  }
}

function budgetOf({ input }: PipelinePlan): Pick<RunOptions, 'budget'> {
  if (!input.budget) return {};
  const { reserve, ...budget } = input.budget;
  return reserve === undefined || reserve === 'final' ? { budget } : { budget: { ...budget, reserve } };
}

/** `open`: steps whose outputs may say what others wrote. */
type StepRun = { step: PlannedStep } & Earlier;

/**
 * One step of the graph: skipped when something it needs has no output, unless it wants a note instead. In a run that is
 * finished early it gets the note in any case, and what there is in the place of what is missing.
 */
function runStep(run: Run, plan: PipelinePlan, { step, earlier, open }: StepRun): EndedStep | Promise<EndedStep> {
  const missing = step.needs.map((id) => end(earlier, id)).filter(({ ref }) => !ref);
  const names = missing.map(({ id, outcome }) => `"${id}" (${outcome})`).join(' and ');
  const early = run.finish.isAsked;
  if (missing.length > 0 && step.onMissing !== 'note' && !early)
    return skipStep(run, step.id, `needs ${names}, and onMissing is "skip"`);
  const instead = early ? standIns(step, { steps: plan.steps, ended: earlier }) : [];
  if (early && hasNothing(step, { ended: earlier }, instead))
    return skipStep(run, step.id, `needs ${names}, and nothing before that has an output either`);
  return respond(run, {
    ...step,
    prompt: step.parts.map((part) => promptPart(part, plan.input.input, { earlier, open })),
    context: contextOf(step, earlier, instead),
  });
}

type Ends = ReadonlyMap<string, EndedStep>;

function contextOf(step: PlannedStep, earlier: Ends, instead: readonly EndedStep[]): RespondContext | undefined {
  const { strategy = 'stateless', select, conversation } = step.context ?? {};
  // A conversation holds its own steps, but nothing of one that left no output.
  const named = step.contextFrom
    .map((id) => end(earlier, id))
    .filter(({ id, ref }) => !ref || step.sentFrom.includes(id));
  const from = [...named, ...instead];
  if (strategy === 'conversation') return { strategy, conversation, select, from };
  // Nothing can be chained to a step that left nothing.
  if (strategy === 'stateless' || instead.length > 0) return { strategy: 'stateless', select, from };
  const [parent] = from;
  return parent && { strategy, from: parent };
}

type Earlier = { earlier: ReadonlyMap<string, EndedStep>; open: ReadonlySet<string> };

function promptPart(part: TemplatePart, input: unknown, { earlier, open }: Earlier): PromptPart {
  if (part.kind === 'text') return part;
  if (part.kind === 'input') return { kind: 'text', text: promptText(valueAt(input, part.path)) };
  const { id, ref, reason } = end(earlier, part.stepId);
  if (!ref) return { kind: 'missing', stepId: id, reason: reason ?? 'It was skipped.' };
  return { kind: 'output', ref, field: part.field, path: part.path, ...(!open.has(id) && { trusted: true }) };
}

function end(earlier: ReadonlyMap<string, EndedStep>, id: string): EndedStep {
  const found = earlier.get(id);
  if (!found) throw new Error(`step "${id}" has not ended yet`);
  return found;
}

/** A run without any output is a failed run, whoever asks; the result goes along as the failure's detail. */
function orNoOutput(result: PipelineResult): PipelineResult {
  if (result.outcome !== 'failed') return result;
  const reasons = Object.entries(result.steps).flatMap(([id, { outcome, reason }]) =>
    outcome === 'completed' ? [] : [`${id} ${outcome}: ${reason ?? 'no reason given'}`],
  );
  const message = `no final step has an output; ${reasons.join('; ')}`.slice(0, MAX_MESSAGE_CHARS);
  throw runFailure('NoOutput', message, [result]);
}

const MAX_MESSAGE_CHARS = 4_000;

/**
 * Tells the receiver how the run ended: also of a run that is being cancelled, and a cancel that comes now is too late.
 */
async function conclude(run: Run, outcome: PipelineResult['outcome'] | 'cancelled', cause?: Error): Promise<void> {
  await deleteResponses(run);
  run.instructions.warnOfUntaken();
  run.board.enter('ended');
  reportRun(run, outcome, cause && (ownFailure(cause)?.type ?? failureName(cause)));
  const { usd } = run.ledger.total();
  if (run.record.notifies) await tellReceiver(run.board, { type: `run.${outcome}`, usd, failure: ownFailure(cause) });
}
