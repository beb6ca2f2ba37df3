import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataConverter } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, type WorkerOptions } from '@temporalio/worker';

type BundleOptions = Pick<DataConverter, 'failureConverterPath'>;

/** What runs share, instead of loading it each for itself. */
const PRELOADED = [require.resolve('../workflows/preload')];

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
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'bundlerOptions'> {
  const codePath = prebuiltBundle(converter);
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return { workflowsPath: require.resolve('../workflows'), bundlerOptions: { preloadModules: PRELOADED } };
}

/** Builds a bundle by the same version of the SDK that will load it. */
export async function buildBundle(file: string, { failureConverterPath }: BundleOptions = {}): Promise<void> {
  const logger = new DefaultLogger('WARN');
  const workflowsPath = require.resolve('../workflows');
  const { code } = await bundleWorkflowCode({ workflowsPath, failureConverterPath, preloadModules: PRELOADED, logger });
  await writeFile(file, code);
}
