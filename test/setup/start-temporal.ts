import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTemporal, startTemporalServer } from '../../local';
import { buildBundle } from '../../worker/bundle';
import { shared } from './shared';

/** One Temporal dev server and one workflow bundle for all tests that need them; found, or built, as a user's would be. */
export default async function startTemporal(): Promise<void> {
  const found = await findTemporal({ env: { ...process.env, TEMPORAL_ADDRESS: undefined } });
  if (found.kind !== 'executable') throw new Error('expected a Temporal CLI whose dev server can be started');
  shared.server = await startTemporalServer({ executable: found.path, headless: true });
  const bundle = join(await mkdtemp(join(tmpdir(), 'durable-research-bundle-')), 'workflow-bundle.js');
  await buildBundle(bundle);
  process.env['TEST_TEMPORAL_CLI'] = found.path;
  process.env['TEST_TEMPORAL_ADDRESS'] = shared.server.address;
  process.env['TEST_WORKFLOW_BUNDLE'] = bundle;
}
