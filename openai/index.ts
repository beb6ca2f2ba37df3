/** The only room that knows the OpenAI SDK: provider, requests and outputs, failures, prices, uploads. */
export { createProvider } from './adapter';
export { argumentsOf } from './calls';
export { citationsOf } from './citations';
export { clean } from './clean';
export { collect } from './collect';
export { doingText, NOTHING_SEEN, see, type Seen } from './doing';
export { isEnd, type StreamEvent } from './events';
export { approvalResponse, callOutput, toContextItems, userMessage, withinStep } from './items';
export {
  isTerminal,
  type Item,
  type Provider,
  ProviderError,
  type ProviderResponse,
  providerResponseSchema,
  type Reading,
} from './port';
export { loadPrices, selectPrices } from './prices';
export { buildRequest, type RequestMode, type Said } from './request';
export { outputText, structuredText } from './text';
export { type UploadProgress } from './upload/send';
export { uploadFolder, type UploadedFolder, type UploadOptions } from './upload/upload-folder';
export { createWebhookReader, type WebhookEvent, WebhookRefused } from './webhooks';
