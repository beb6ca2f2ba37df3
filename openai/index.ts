/** The only room that knows the OpenAI SDK: provider, requests and outputs, failures, prices. */
export { createProvider } from './adapter';
export { citationsOf } from './citations';
export { classifyError } from './classify';
export { collect, type CollectOptions } from './collect';
export { failureOf } from './failure-of';
export { missingNote, toContextItems, type Turn, userMessage } from './items';
export {
  type CreateBody,
  type Item,
  itemSchema,
  type Provider,
  ProviderError,
  type ProviderResponse,
  providerResponseSchema,
  isTerminal,
} from './port';
export { loadPrices, selectPrices } from './prices';
export { buildRequest } from './request';
export { originOf, type ProviderSettings } from './settings';
export { outputText, refusalOf } from './text';
