import { type LocalStack } from '../local';

/** Settings that name a provider; those of the embedded emulator must not be mixed with the user's own. */
const PROVIDER_SETTINGS = /^OPENAI_(API_KEY|BASE_URL|ORG_ID|PROJECT_ID)$/;

/** Whether a run of this stack is simulated: by its own emulator, or by one that the settings name as such. */
export function isSimulated({ provider }: LocalStack): boolean {
  return provider.kind === 'emulator' || provider.origin.startsWith('emulator:');
}

/**
 * The environment in which the worker room finds the same provider and the same outputs as the worker of this stack.
 * Without a stack it is the user's own.
 */
export function providerEnvironment(stack: LocalStack | undefined, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (!stack) return env;
  const own = { ...env, DURABLE_RESEARCH_HOME: stack.home };
  if (stack.provider.kind === 'api') return own;
  return {
    ...Object.fromEntries(Object.entries(own).filter(([name]) => !PROVIDER_SETTINGS.test(name))),
    OPENAI_API_KEY: 'emulator',
    OPENAI_BASE_URL: stack.provider.baseUrl,
    DURABLE_RESEARCH_ORIGIN: stack.provider.origin,
  };
}
