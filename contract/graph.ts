import { type InputIssue } from './issues';
import { type Step, type StepDefaults } from './step';
import { parseTemplate, TemplateError, type TemplatePart, valueAt } from './template';

/** Default of a step's `deadline`. */
export const DEFAULT_DEADLINE = '2h';
/** Default of a step's `maxQueued`. */
export const DEFAULT_MAX_QUEUED = '1h';
/** Default of a step's `maxTurns`. */
export const DEFAULT_MAX_TURNS = 10;
/** Default of a step's `maxToolCalls`. */
export const DEFAULT_MAX_TOOL_CALLS = 50;
/** Default of a step's `retries`. */
export const DEFAULT_RETRIES = 1;

/** A step with its defaults filled in and its place in the graph worked out. */
export interface PlannedStep extends Step {
  parts: TemplatePart[];
  /** Steps whose prompt and output are this step's context. */
  contextFrom: string[];
  /** Those of `contextFrom` that are sent as items; a conversation holds its own steps already. */
  sentFrom: string[];
  /** Every step that must have ended before this one: `after`, `contextFrom` and template references. */
  needs: string[];
  /** Whether its output may say what others wrote: it has tools or a conversation, or is told of a step that has. */
  openToOthers: boolean;
}

/** Outcome of planning: the steps, or what is wrong with them. */
export type Plan = { steps: PlannedStep[]; issues: InputIssue[] };

/** Works out the graph of a pipeline: pure, the same for the CLI, the client and the workflow. */
export function planSteps(steps: readonly Step[], defaults: StepDefaults, input: unknown): Plan {
  const issues: InputIssue[] = [];
  const planned = steps.map((step, index) => {
    const merged = { ...defaults, ...step, context: mergeContext(defaults, step) };
    return planStep(merged, index, { steps, input, issues });
  });
  const byId = new Map(planned.map((step) => [step.id, step]));
  for (const step of planned) step.sentFrom = step.contextFrom.filter((id) => !shareConversation(step, byId.get(id)));
  if (issues.length === 0) issues.push(...duplicateIds(steps), ...cycles(planned));
  if (issues.length === 0) issues.push(...conversationRaces(planned), ...neededRemotely(steps, planned));
  if (issues.length === 0) markOpen(planned);
  return { steps: planned, issues };
}

function mergeContext(defaults: StepDefaults, step: Step): Step['context'] {
  if (!defaults.context && !step.context) return undefined;
  const { conversation, ...common } = defaults.context ?? {};
  const merged = { strategy: 'stateless' as const, ...common, ...step.context };
  // A step that leaves the default's conversation for another strategy leaves its id too.
  return merged.strategy === 'conversation' ? { conversation, ...merged } : merged;
}

type Planning = { steps: readonly Step[]; input: unknown; issues: InputIssue[] };

function planStep(step: Step, index: number, planning: Planning): PlannedStep {
  const parts = promptParts(step, index, planning);
  const referenced = parts.flatMap((part) => (part.kind === 'step' ? [part.stepId] : []));
  const previous = planning.steps[index - 1]?.id;
  const followsPrevious = !step.after && !step.context?.from && referenced.length === 0 && previous !== undefined;
  const from = step.context?.from === 'all' ? planning.steps.slice(0, index).map(({ id }) => id) : step.context?.from;
  const contextFrom = [...new Set(from ?? (followsPrevious ? [previous] : []))];
  checkReferences(step, index, planning);
  checkStrategy(step, index, { contextFrom, issues: planning.issues });
  const needs = [...new Set([...(step.after ?? []), ...contextFrom, ...referenced])];
  return { ...step, parts, contextFrom, sentFrom: contextFrom, needs, openToOthers: false };
}

/** Tells the steps that what others wrote can reach: by their own tools, or by the outputs of other steps. */
function markOpen(steps: readonly PlannedStep[]): void {
  const open = new Set(steps.flatMap((step) => (hearsOthers(step) ? [step.id] : [])));
  for (let known = -1; known < open.size;) {
    known = open.size;
    for (const step of steps) if (toldOf(step).some((id) => open.has(id))) open.add(step.id);
  }
  for (const step of steps) step.openToOthers = open.has(step.id);
}

/** A conversation holds more than the run knows. */
function hearsOthers({ tools = [], context }: PlannedStep): boolean {
  return tools.length > 0 || context?.strategy === 'conversation';
}

function toldOf({ contextFrom, parts }: PlannedStep): string[] {
  return [...contextFrom, ...parts.flatMap((part) => (part.kind === 'step' ? [part.stepId] : []))];
}

/** Whether two steps speak in one conversation of the provider. */
export function shareConversation({ context: a }: PlannedStep, other: PlannedStep | undefined): boolean {
  const b = other?.context;
  return a?.strategy === 'conversation' && b?.strategy === 'conversation' && a.conversation === b.conversation;
}

function promptParts(step: Step, index: number, { steps, input, issues }: Planning): TemplatePart[] {
  const path = ['steps', index, 'prompt'];
  try {
    const parts = parseTemplate(step.prompt);
    for (const part of parts) {
      if (part.kind === 'input' && valueAt(input, part.path) === undefined) {
        issues.push({
          path,
          message: `{{input${part.path.map((name) => `.${name}`).join('')}}} names a value that "input" does not have`,
        });
      }
      if (part.kind === 'step' && !steps.some(({ id }) => id === part.stepId)) {
        issues.push({ path, message: `{{steps.${part.stepId}.${part.field}}} names a step that does not exist` });
      }
      if (
        part.kind === 'step' &&
        part.field === 'json' &&
        steps.some((other) => other.id === part.stepId && !other.format)
      ) {
        issues.push({ path, message: `{{steps.${part.stepId}.json}} needs a step with a "format"` });
      }
    }
    return parts;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    issues.push({ path, message: error.message });
    return [];
  }
}

function checkReferences(step: Step, index: number, { steps, issues }: Planning): void {
  const ids = new Set(steps.map(({ id }) => id));
  const check = (names: readonly string[], path: (string | number)[]): void =>
    names.forEach((name, i) => {
      if (!ids.has(name)) issues.push({ path: [...path, i], message: `expected the id of a step, got "${name}"` });
      else if (name === step.id) issues.push({ path: [...path, i], message: `step "${name}" names itself` });
    });
  check(step.after ?? [], ['steps', index, 'after']);
  if (Array.isArray(step.context?.from)) check(step.context.from, ['steps', index, 'context', 'from']);
  if (step.instructions && /\{\{\s*(steps|input)\b/.test(step.instructions)) {
    issues.push({ path: ['steps', index, 'instructions'], message: 'templates may stand in "prompt" only' });
  }
}

function checkStrategy(step: Step, index: number, plan: { contextFrom: string[]; issues: InputIssue[] }): void {
  const { strategy, conversation } = step.context ?? {};
  if (conversation !== undefined && strategy !== 'conversation') {
    plan.issues.push({
      path: ['steps', index, 'context', 'conversation'],
      message: `expected strategy "conversation" with it, got "${strategy}"`,
    });
  }
  if (strategy === 'previous_response' && plan.contextFrom.length > 1) {
    plan.issues.push({
      path: ['steps', index, 'context', 'from'],
      message: `expected one step to chain to with strategy "previous_response", got ${plan.contextFrom.length}`,
    });
  }
}

function duplicateIds(steps: readonly Step[]): InputIssue[] {
  return steps.flatMap(({ id }, index) => {
    const first = steps.findIndex((other) => other.id === id);
    return first < index
      ? [{ path: ['steps', index, 'id'], message: `"${id}" is already the id of steps[${first}]` }]
      : [];
  });
}

/** Steps that can never start because they wait for each other. */
function cycles(steps: readonly PlannedStep[]): InputIssue[] {
  const done = new Set<string>();
  let rest = [...steps];
  for (;;) {
    const ready = rest.filter(({ needs }) => needs.every((id) => done.has(id)));
    if (ready.length === 0) break;
    for (const { id } of ready) done.add(id);
    rest = rest.filter(({ id }) => !done.has(id));
  }
  if (rest.length === 0) return [];
  const names = rest.map(({ id, needs }) => `${id} (needs ${needs.filter((need) => !done.has(need)).join(', ')})`);
  return [{ path: ['steps'], message: `these steps wait for each other: ${names.join('; ')}` }];
}

/** Two steps of one conversation that could run at once: the provider lets only one response work on a conversation. */
function conversationRaces(steps: readonly PlannedStep[]): InputIssue[] {
  const before = ancestors(steps);
  return steps.flatMap((step, i) =>
    steps.slice(0, i).flatMap((other, j): InputIssue[] => {
      if (!shareConversation(step, other) || isIn(before.get(step.id), j) || isIn(before.get(other.id), i)) return [];
      return [
        {
          path: ['steps', i, 'context'],
          message: `"${step.id}" and "${other.id}" share a conversation and could run at once; put one into the other's "after"`,
        },
      ];
    }),
  );
}

/** Steps whose response is to be deleted while others chain to it, or where a conversation would keep its items. */
function neededRemotely(steps: readonly Step[], planned: readonly PlannedStep[]): InputIssue[] {
  return planned.flatMap((step, i) => {
    const { id, context, deleteRemoteAfter = 'never' } = step;
    const chained = planned.find(
      (other) => other.context?.strategy === 'previous_response' && other.contextFrom.includes(id),
    );
    const message =
      deleteRemoteAfter === 'step' && chained
        ? `expected "run" or "never" for "${id}", which "${chained.id}" follows by previous_response, got "step"`
        : deleteRemoteAfter !== 'never' && context?.strategy === 'conversation'
          ? `expected "never" for "${id}": a conversation keeps what it took over from a response that is deleted`
          : undefined;
    if (message === undefined) return [];
    const own = steps[i]?.deleteRemoteAfter !== undefined;
    return [{ path: own ? ['steps', i, 'deleteRemoteAfter'] : ['defaults', 'deleteRemoteAfter'], message }];
  });
}

/**
 * Every step's ancestors, as one bit for each step: sets of ids would take seconds for 500 steps that all see each
 * other. Expects a graph without cycles.
 */
function ancestors(steps: readonly PlannedStep[]): Map<string, bigint> {
  const places = new Map(steps.map(({ id }, i) => [id, i]));
  const known = new Map<string, bigint>();
  const visit = (id: string): bigint => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const place = places.get(id) ?? 0;
    const needs = steps[place]?.needs ?? [];
    const all = needs.reduce((bits, need) => bits | visit(need) | (1n << BigInt(places.get(need) ?? 0)), 0n);
    known.set(id, all);
    return all;
  };
  for (const { id } of steps) visit(id);
  return known;
}

function isIn(bits: bigint | undefined, place: number): boolean {
  return ((bits ?? 0n) & (1n << BigInt(place))) !== 0n;
}

/** Steps that no other step needs: the ends of the graph, whose outputs are the run's result. */
export function finalSteps(steps: readonly PlannedStep[]): PlannedStep[] {
  const needed = new Set(steps.flatMap(({ needs }) => needs));
  return steps.filter(({ id }) => !needed.has(id));
}
