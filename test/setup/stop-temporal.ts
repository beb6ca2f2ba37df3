import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { shared } from './shared';

export default async function stopTemporal(): Promise<void> {
  await shared.server?.stop();
  const bundle = process.env['TEST_WORKFLOW_BUNDLE'];
  if (bundle) await rm(dirname(bundle), { recursive: true, force: true });
}
