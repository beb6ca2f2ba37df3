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
  [{ name: 'a tool' }, /tool "a tool": name: expected a name of at most 64/],
  [{ name: 'x'.repeat(65) }, /expected a name/],
  [{ name: undefined }, /tool nothing: name: expected string, got nothing/],
  [{ description: ' ' }, /tool "add": description: expected a text that tells the model/],
  [{ description: undefined }, /tool "add": description: expected string, got nothing/],
  [{ parameters: undefined }, /tool "add": parameters: expected an object of zod 4, .* got nothing/],
  [{ parameters: z.string() }, /tool "add": parameters: expected an object of zod 4/],
  [{ parameters: { a: 'string' } }, /tool "add": parameters: expected an object of zod 4, .* got an object with a/],
  [{ execute: undefined }, /tool "add": execute: expected a function, got nothing/],
  [{ needApproval: true }, /tool "add": needApproval: unknown field/],
  [{ needsApproval: 'yes' }, /tool "add": needsApproval: expected boolean, got "yes"/],
  [{ onError: 'explode' }, /tool "add": onError: .* got "explode"/],
  [{ timeout: 'soon' }, /tool "add": timeout: expected a duration such as .*, got "soon"/],
  [{ timeout: 5 }, /tool "add": timeout: expected string, got 5/],
  [{ retries: 11 }, /tool "add": retries: .* got 11/],
  [{ retries: 1, idempotent: false }, /tool "add": retries: expected 0 for a tool that is not idempotent/],
])('%j is refused', (wrong, message) => {
  // As a module of plain JavaScript may say it.
  expect(() => defineTool({ ...options, ...wrong } as typeof options)).toThrow(message);
});
