import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataConverter } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';

type BundleOptions = Pick<DataConverter, 'failureConverterPath'>;

/**
 * Where `npm run build` puts the prebuilt bundles, beside the compiled code. There are two, since how a failure is
 * written is part of a bundle: its message as it is, or as a payload that can be encrypted.
 */
export function prebuiltBundle({ failureConverterPath }: BundleOptions = {}): string {
  const name = failureConverterPath === undefined ? 'workflow-bundle.js' : 'workflow-bundle-encrypting.js';
  return join(__dirname, '..', name);
}

/** The engine's own workflows: the prebuilt bundle, or their source where there is none. */
export function workflowSource(
  converter?: BundleOptions,
): { workflowBundle: WorkflowBundleOption } | { workflowsPath: string } {
  const codePath = prebuiltBundle(converter);
  return existsSync(codePath) ? { workflowBundle: { codePath } } : { workflowsPath: require.resolve('../workflows') };
}

/** Builds a bundle by the same version of the SDK that will load it. */
export async function buildBundle(file: string, { failureConverterPath }: BundleOptions = {}): Promise<void> {
  const logger = new DefaultLogger('WARN');
  const workflowsPath = require.resolve('../workflows');
  const { code } = await bundleWorkflowCode({ workflowsPath, failureConverterPath, logger });
  await writeFile(file, code);
}
