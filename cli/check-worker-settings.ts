import { type DoctorFinding } from '../local';
import { messageOf } from './errors';

/** Whether a worker would take the settings, its price table included. */
export async function checkWorkerSettings(env: NodeJS.ProcessEnv): Promise<DoctorFinding> {
  const name = 'worker settings';
  const { estimateWorstUsd } = await import('../worker/index.js');
  try {
    // Whether there must be a key is a question of the provider.
    const { pricesDate } = await estimateWorstUsd([], { ...env, OPENAI_API_KEY: env['OPENAI_API_KEY'] || 'none' });
    return { name, status: 'ok', found: `valid, with prices of ${pricesDate}` };
  } catch (error) {
    return { name, status: 'fail', found: messageOf(error), todo: 'correct it, or unset it: docs/configuration.md' };
  }
}
