import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';

/** Where `npm run build` puts the prebuilt bundle, beside the compiled code. */
export const PREBUILT_BUNDLE = join(__dirname, '..', 'workflow-bundle.js');

/** The engine's own workflows: the prebuilt bundle, or their source where there is none. */
export function workflowSource(): { workflowBundle: WorkflowBundleOption } | { workflowsPath: string } {
  if (existsSync(PREBUILT_BUNDLE)) return { workflowBundle: { codePath: PREBUILT_BUNDLE } };
  return { workflowsPath: require.resolve('../workflows') };
}

/** Builds the bundle by the same version of the SDK that will load it. */
export async function buildBundle(file = PREBUILT_BUNDLE): Promise<void> {
  const logger = new DefaultLogger('WARN');
  const { code } = await bundleWorkflowCode({ workflowsPath: require.resolve('../workflows'), logger });
  await writeFile(file, code);
}
