import { builtinModules } from 'node:module';
import { readFile } from 'node:fs/promises';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { required } from '../setup/harness';

/** Built-ins that the SDK itself replaces by harmless ones in the sandbox. */
const ALLOWED = new Set(['assert', 'url', 'util']);

const logger = new DefaultLogger('ERROR', () => undefined);

/** Names of the modules in a webpack bundle, as its module table spells them. */
function modulesOf(bundle: string): string[] {
  return [...bundle.matchAll(/^\/\*\*\*\/ "([^"]+)":?/gm)].map(([, name = '']) => name);
}

function leaks(bundle: string): string[] {
  const builtins = new Set(builtinModules.filter((name) => !ALLOWED.has(name)));
  return modulesOf(bundle).filter(
    (name) =>
      /node_modules\/(openai|@temporalio\/(client|worker|activity|core-bridge))\//.test(name) ||
      builtins.has(name.replace(/^(external )?"?(node:)?/, '').replace(/"$/, '')),
  );
}

test('neither the OpenAI SDK nor a Node built-in is in the workflow bundle', async () => {
  const bundle = await readFile(required('TEST_WORKFLOW_BUNDLE'), 'utf8');
  expect(modulesOf(bundle).some((name) => name.includes('workflows/pipeline'))).toBe(true);
  expect(leaks(bundle)).toEqual([]);
});

test('the check sees the OpenAI SDK where it leaks in', async () => {
  const { code } = await bundleWorkflowCode({ workflowsPath: require.resolve('../fixtures/leaky-workflow'), logger });
  expect(leaks(code).some((name) => name.includes('node_modules/openai/'))).toBe(true);
});

test('a Node built-in in workflow code does not even bundle', async () => {
  const bundling = bundleWorkflowCode({ workflowsPath: require.resolve('../fixtures/builtin-workflow'), logger });
  await expect(bundling).rejects.toThrow(/Webpack finished with errors/);
});
