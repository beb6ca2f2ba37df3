import { createReporter } from '../../cli/reporter';
import { concernLines, leftUnstopped, type RunStatus } from '../../cli/views/status';

const FAILED: RunStatus = {
  workflowId: 'report',
  status: 'failed',
  taskQueue: 'durable-research',
  startedAt: '2026-03-14T09:05:02.000Z',
  answered: true,
  failure: 'InvalidInput: steps[0].after[0]: expected the id of a step, got "b"',
  troubles: ['the provider cannot be reached'],
  heldBack: [{ stepId: 'explain', by: "the provider's rate limit" }],
};

test('a run that failed says why, before all that is less', () => {
  expect(concernLines(FAILED, 200, (_look, text) => text)).toEqual([
    `✗ ${FAILED.failure}`,
    "· explain: held back by the provider's rate limit, tried again now",
    '! the provider cannot be reached',
  ]);
});

test('only a run that was ended from outside has left its responses', () => {
  expect(['terminated', 'timed out', 'failed', 'completed', 'cancelled', 'running'].filter(leftUnstopped)).toEqual([
    'terminated',
    'timed out',
  ]);
});

test('without a terminal the same trouble is said once, whatever the id of its request', () => {
  const isTTY = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');
  Object.defineProperty(process.stderr, 'isTTY', { value: false, configurable: true });
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const reporter = createReporter();
    for (const request of ['req_1', 'req_2']) reporter.trouble([`resp_1 not found (404, request ${request})`]);
    reporter.trouble(['another one']);
    expect(write.mock.calls.map(([text]) => text)).toEqual([
      'warning: resp_1 not found (404, request req_1)\n',
      'warning: another one\n',
    ]);
  } finally {
    write.mockRestore();
    if (isTTY) Object.defineProperty(process.stderr, 'isTTY', isTTY);
    else Reflect.deleteProperty(process.stderr, 'isTTY');
  }
});
