import { ledgerSchema } from '../../contract/ledger';
import { progressSchema } from '../../contract/progress';
import { NO_USAGE } from '../../contract/usage';

const account = { usage: { ...NO_USAGE, audio: 3 }, hostedCalls: {}, usd: 0, toolFeesUsd: 0, creates: 1, refunds: 0 };

test('what a newer worker says beyond what this client knows is passed over', () => {
  const ledger = {
    pricesDate: '2026-11-22',
    simulated: true,
    total: account,
    steps: { a: account },
    reservedUsd: 0,
    ambiguous: [],
    possiblyRunning: [],
    unpriced: [],
    budget: {},
  };
  expect(ledgerSchema.parse(ledger)).not.toHaveProperty('budget');
  const step = { id: 'a', state: 'ended', creates: 1, usage: NO_USAGE, usd: 0, approvals: [] };
  const progress = {
    version: 3,
    stage: 'ended',
    steps: [step],
    more: false,
    counts: { total: 1, ended: 1, inProgress: 0, paused: 0 },
    usage: NO_USAGE,
    usd: 0,
    simulated: true,
    waitingFor: [],
    warnings: [],
    paused: true,
  };
  expect(progressSchema.parse(progress)).toMatchObject({ version: 3, steps: [{ id: 'a' }] });
});
