import { type Ledger } from '../../../contract/ledger';
import { type CountedCreate } from '../../setup/harness';

/** What a run says of its responses. */
export interface Account {
  workflowId: string;
  /** By step: every response whose id the run knows, the one that it used last. */
  steps: Readonly<Record<string, { outcome: string; responseIds: readonly string[] }>>;
  ledger: Pick<Ledger, 'ambiguous' | 'possiblyRunning' | 'total'>;
}

/** A run's account beside the provider's list. */
export interface Audit {
  /** Responses that a completed step used. */
  used: number;
  /** Of ambiguous creates: beyond the used ones, each by its own entry. */
  orphans: number;
  /** Of creates whose answers arrived: another of the turn was lost, completed first and took its place. */
  replaced: number;
  /** Known to the run, which could not use them: failed, cancelled, without output. */
  notUsed: number;
  /** Ambiguous creates, and those of them that the provider had accepted. */
  ambiguous: number;
  accepted: number;
  /** What does not add up. */
  problems: string[];
}

type Entry = Ledger['ambiguous'][number];
type Verdict = 'used' | 'orphans' | 'replaced' | 'notUsed' | 'unknown';

/**
 * Compares a run's account to what the provider lists with the run's id: every response is known to the run by its id or
 * matches exactly one ambiguous entry by its metadata, and an entry matches one response at most.
 */
export function audit(account: Account, creates: readonly CountedCreate[]): Audit {
  const { ledger } = account;
  const verdicts = creates.map((one) => verdictOn(one, account));
  const count = (verdict: Verdict): number => verdicts.filter((one) => one === verdict).length;
  const byKey = new Map<string, CountedCreate[]>();
  for (const one of creates) byKey.set(keyOf(one), [...(byKey.get(keyOf(one)) ?? []), one]);
  const entries = new Set(ledger.ambiguous.map(entryKey));
  const problems = [
    ...[...byKey].flatMap(([key, made]) => (made.length > 1 ? [`${key} was created ${made.length} times`] : [])),
    ...(entries.size < ledger.ambiguous.length ? ['a create is booked as ambiguous twice'] : []),
    ...creates.flatMap((one, n) => (verdicts[n] === 'unknown' ? [unknown(one)] : [])),
    ...missing(account, creates),
    ...ledger.ambiguous.flatMap((entry) => misnamed(entry, byKey.get(entryKey(entry)) ?? [])),
  ];
  return {
    used: count('used'),
    orphans: count('orphans'),
    replaced: count('replaced'),
    notUsed: count('notUsed'),
    ambiguous: ledger.ambiguous.length,
    accepted: ledger.ambiguous.filter((entry) => byKey.has(entryKey(entry))).length,
    problems: problems.map((problem) => `${account.workflowId}: ${problem}`),
  };
}

/** Ids of the responses whose use is in the run's account. */
export function bookedIds({ steps, ledger }: Pick<Account, 'steps' | 'ledger'>): Set<string> {
  const found = ledger.ambiguous.flatMap(({ responseId }) => (responseId === undefined ? [] : [responseId]));
  return new Set([...Object.values(steps).flatMap(({ responseIds }) => responseIds), ...found]);
}

/** Responses that may still be at work although their run is over; all others must have ended. */
export function leftOpen(
  { workflowId, ledger }: Pick<Account, 'workflowId' | 'ledger'>,
  creates: readonly CountedCreate[],
): string[] {
  const booked = new Set(ledger.possiblyRunning.map(({ responseId }) => responseId));
  const lost = new Set(ledger.ambiguous.map(entryKey));
  return creates
    .filter((one) => isOpen(one) && !booked.has(one.id) && !lost.has(keyOf(one)))
    .map((one) => `${workflowId}: ${one.id} (${keyOf(one)}) is still ${one.status}, and no entry says so`);
}

/** Whether the provider still works on it, or will. */
export function isOpen({ status }: Pick<CountedCreate, 'status'>): boolean {
  return status === 'queued' || status === 'in_progress';
}

/** `step/turn/create`, of a create's metadata. */
export function keyOf({ metadata }: Pick<CountedCreate, 'metadata'>): string {
  return `${metadata['step_id']}/${metadata['turn']}/${metadata['create']}`;
}

function entryKey({ stepId, turn, create }: Pick<Entry, 'stepId' | 'turn' | 'create'>): string {
  return `${stepId}/${turn}/${create}`;
}

function verdictOn(one: CountedCreate, { steps, ledger }: Account): Verdict {
  const step = steps[one.metadata['step_id'] ?? ''];
  const last = step?.responseIds.at(-1);
  if (step?.outcome === 'completed' && last === one.id) return 'used';
  if (ledger.ambiguous.some((entry) => entryKey(entry) === keyOf(one))) return 'orphans';
  if (!step?.responseIds.includes(one.id)) return 'unknown';
  return ledger.ambiguous.some(({ responseId }) => responseId === last) ? 'replaced' : 'notUsed';
}

function unknown(one: CountedCreate): string {
  return `${one.id} (${keyOf(one)}, ${one.status}) is neither known to the run nor booked as ambiguous`;
}

function missing(account: Account, creates: readonly CountedCreate[]): string[] {
  const made = new Set(creates.map(({ id }) => id));
  const unmade = [...bookedIds(account)].filter((id) => !made.has(id));
  return unmade.map((id) => `${id} is named by the run, but not by the provider`);
}

function misnamed(entry: Entry, made: readonly CountedCreate[]): string[] {
  const { responseId } = entry;
  if (responseId === undefined || made.some(({ id }) => id === responseId)) return [];
  return [`the ambiguous create ${entryKey(entry)} names ${responseId}, which is another's`];
}
