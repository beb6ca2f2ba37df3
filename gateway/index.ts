/** HTTP: the provider's webhooks in, and payloads to be decrypted for Temporal's UI and CLI. No research logic. */
export { type Announce, type WebhookReport } from './receive';
export { type CodecServer, type CodecServerOptions, startCodecServer } from './codec-server';
export { readCodecSettings } from './codec-settings';
export { type Gateway, type GatewayOptions, startGateway } from './server';
