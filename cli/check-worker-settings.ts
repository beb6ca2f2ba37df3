import { type DoctorFinding } from '../local';
import { messageOf } from './errors';

/** Whether a worker would take the settings, with its price table, its modules of tools and its MCP servers. */
export async function checkWorkerSettings(env: NodeJS.ProcessEnv): Promise<DoctorFinding> {
  const name = 'worker settings';
  const { checkSettings } = await import('../worker/index.js');
  try {
    // Whether there must be a key is a question of the provider.
    const settings = await checkSettings({ ...env, OPENAI_API_KEY: env['OPENAI_API_KEY'] || 'none' });
    const parts = [
      `prices of ${settings.pricesDate}`,
      ...(settings.tools.length > 0 ? [`tools ${settings.tools.join(', ')}`] : []),
      ...(settings.mcpServers.length > 0 ? [`MCP servers ${settings.mcpServers.join(', ')}`] : []),
    ];
    return { name, status: 'ok', found: `valid, with ${parts.join('; ')}` };
  } catch (error) {
    return { name, status: 'fail', found: messageOf(error), todo: 'correct it, or unset it: docs/configuration.md' };
  }
}
