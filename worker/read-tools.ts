import { loadTools } from '../tools/load-tools';
import { registerTools, type ToolRegistry } from '../tools/registry';
import { ConfigurationError } from './config';
import { type ResearchWorkerOptions } from './create-worker';

/**
 * The tools of a worker: those of its options, and those of its modules.
 * @throws ConfigurationError for a module that cannot be loaded, for two tools of one name, and for one whose arguments
 * the API's strict mode cannot express.
 */
export async function readTools({
  config,
  tools = [],
}: Pick<ResearchWorkerOptions, 'config' | 'tools'>): Promise<ToolRegistry> {
  const loaded = await loadTools(config.toolModules, process.cwd());
  try {
    return registerTools([...tools, ...loaded]);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ConfigurationError(error.message, { cause: error });
  }
}
