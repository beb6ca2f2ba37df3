/** HTTP: the provider's webhooks in. No research logic. */
export { type Announce, type WebhookReport } from './receive';
export { type Gateway, type GatewayOptions, startGateway } from './server';
