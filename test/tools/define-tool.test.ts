import { z } from 'zod';
import { defineTool } from '../../tools';

const options = { name: 'add', description: 'Adds.', parameters: z.object({ a: z.number() }), execute: () => 1 };

test('a tool has defaults for everything that is not said', () => {
  expect(defineTool(options)).toMatchObject({
    name: 'add',
    needsApproval: false,
    timeoutMs: 60_000,
    idempotent: true,
    onError: 'tell',
  });
});

test.each([
  [{ name: 'a tool' }, /tool "a tool": expected a name of at most 64/],
  [{ name: 'x'.repeat(65) }, /expected a name/],
  [{ description: ' ' }, /tool "add": expected a description/],
  [{ timeout: 'soon' }, /tool "add": timeout: expected a duration such as "30s", got "soon"/],
])('%j is refused', (wrong, message) => {
  expect(() => defineTool({ ...options, ...wrong })).toThrow(message);
});
