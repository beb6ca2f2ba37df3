import { missingNote } from '../../prompts/missing-note';

test('the note for a step without output', () => {
  expect(missingNote({ stepId: 'search', reason: 'DeadlineExceeded: too late.' })).toMatchInlineSnapshot(
    `"[Note of the research engine, not a source: step "search" has no output. DeadlineExceeded: too late.]"`,
  );
});
