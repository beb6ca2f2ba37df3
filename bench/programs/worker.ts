import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { createProvider, type Provider } from '../../openai';
import { createResearchWorker, installRuntime, readWorkerConfig } from '../../worker';
import { durationMetadata } from '../durations';
import { tellReady, tellUsage } from './usage';

/** The engine's worker as `durable-research worker` runs it, whose creates carry the durations that the bench asks for. */
async function main(): Promise<void> {
  tellUsage();
  installRuntime(process.env);
  const config = readWorkerConfig(process.env);
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const connection = await NativeConnection.connect(connectionOptions);
  const deps = { provider: withDurations(createProvider(config.provider)) };
  const research = await createResearchWorker({ config, connection, namespace, deps });
  const running = research.run();
  tellReady();
  await running;
  process.exit(0);
}

function withDurations(provider: Provider): Provider {
  return {
    ...provider,
    createResponse: (body, timeoutMs) => {
      const metadata = body['metadata'] as Record<string, string>;
      const duration = durationMetadata(metadata['step_id'] ?? '');
      return provider.createResponse({ ...body, metadata: { ...metadata, ...duration } }, timeoutMs);
    },
  };
}

void main();
