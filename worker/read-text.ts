import { joinTexts } from '../activities';
import { type ReadTextInput } from '../contract/activities';
import { type Citation } from '../contract/outcome';
import { createProvider } from '../openai';
import { readWorkerConfig } from './config';
import { createStore } from './create-worker';

/**
 * Final text of a run that was too large for its result: from the output store, else from the provider. Laid out and
 * numbered as an inline result is.
 * @throws ConfigurationError for the environment, ProviderError `ResponseLost` where nobody has an output any more.
 */
export async function readText(
  env: NodeJS.ProcessEnv,
  sources: ReadTextInput['sources'],
): Promise<{ text: string; citations: Citation[] }> {
  const config = readWorkerConfig(env);
  return joinTexts({ provider: createProvider(config.provider), store: createStore(config) }, sources);
}
