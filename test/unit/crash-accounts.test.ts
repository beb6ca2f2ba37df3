import { type Account, audit, leftOpen } from '../crash/storm/accounts';
import { type CountedCreate } from '../setup/harness';

/** The crash test is worth what its accountant sees. */
function created(id: string, create: number, status = 'completed'): CountedCreate {
  const metadata = { workflow_id: 'run', step_id: 'explain', turn: '1', create: String(create) };
  return {
    id,
    status,
    metadata,
    created_at: 0,
    conversation: null,
    previous_response_id: null,
    input_bytes: 0,
  };
}

function account(
  responseIds: string[],
  ambiguous: { create: number; responseId?: string }[] = [],
  possiblyRunning: string[] = [],
): Account {
  const of = { stepId: 'explain', turn: 1, reason: 'lost' };
  const total = { usage: { input: 0, cached: 0, cacheWrite: 0, output: 0, reasoning: 0 }, hostedCalls: {} };
  return {
    workflowId: 'run',
    steps: { explain: { outcome: 'completed', responseIds } },
    ledger: {
      ambiguous: ambiguous.map((entry) => ({ ...of, ...entry })),
      possiblyRunning: possiblyRunning.map((responseId) => ({ stepId: 'explain', responseId, reason: 'away' })),
      total: { ...total, usd: 0, toolFeesUsd: 0, creates: 1 },
    },
  };
}

test.each([
  ['used', account(['a']), [created('a', 1)], { used: 1 }],
  [
    'of a lost create',
    account(['b'], [{ create: 1 }]),
    [created('a', 1), created('b', 2)],
    { used: 1, orphans: 1, accepted: 1 },
  ],
  ['never accepted', account(['b'], [{ create: 1 }]), [created('b', 2)], { used: 1, ambiguous: 1, accepted: 0 }],
  [
    'replaced by a lost one',
    account(['b', 'a'], [{ create: 1, responseId: 'a' }]),
    [created('a', 1), created('b', 2, 'cancelled')],
    { used: 1, replaced: 1, orphans: 0 },
  ],
  ['created anew', account(['a', 'b']), [created('a', 1, 'failed'), created('b', 2)], { used: 1, notUsed: 1 }],
])('a response that was %s is explained', (_name, of, creates, expected) => {
  expect(audit(of, creates)).toMatchObject({ ...expected, problems: [] });
});

test.each([
  ['nobody knows', account(['a']), [created('a', 1), created('x', 2)], /x \(.*\) is neither known/],
  ['was created twice', account(['a']), [created('a', 1), created('x', 1)], /explain\/1\/1 was created 2 times/],
  ['was booked twice', account(['b'], [{ create: 1 }, { create: 1 }]), [created('b', 2)], /ambiguous twice/],
  ['the provider does not know', account(['a']), [], /a is named by the run/],
  [
    "is another create's",
    account(['b'], [{ create: 1, responseId: 'b' }]),
    [created('b', 2)],
    /explain\/1\/1 names b, which is another's/,
  ],
])('a response that %s is a problem', (_name, of, creates, problem) => {
  expect(audit(of, creates).problems).toContainEqual(expect.stringMatching(problem));
});

test('what is still at work must be booked', () => {
  const open = [created('a', 1, 'in_progress'), created('b', 2, 'queued'), created('c', 3)];
  expect(leftOpen(account([], [{ create: 1 }], ['b']), open)).toEqual([]);
  expect(leftOpen(account([], [{ create: 1 }]), open)).toEqual([expect.stringMatching(/b \(.*\) is still queued/)]);
});
