import { type AwaitResponseInput, type Notification } from '../contract/activities';
import { type PriceTable } from '../contract/prices';
import { type Background } from '../contract/run-record';
import { type Provider } from '../openai/port';
import { type OutputStore } from '../store/port';
import type { McpServers } from '../tools/mcp/servers';
import type { ToolRegistry } from '../tools/registry';

/** A wait that backs off in Temporal until somebody announces the end of its response. */
export interface PendingWait {
  workflowId: string;
  activityId: string;
  input: AwaitResponseInput;
}

/** What announces the end of a response. */
export type AnnouncedBy = 'webhook' | 'watcher';

/** Makes sure that the end of a response is announced; a lost announcement costs only the fallback's delay. */
export interface Announcer {
  /** `leastMs`: what the provider asks to wait before it is asked again. */
  watch(wait: PendingWait, leastMs?: number): AnnouncedBy;
  /** True for a response that this worker asks about by itself, and whose end it will announce. */
  watches(responseId: string): boolean;
  /** A look found an end that had not been announced. */
  missed(wait: PendingWait): void;
}

/** What a worker has found out about its provider's background mode; every run begins with it. */
export interface BackgroundMemory {
  readonly known: Background;
  /** Models whose creates were refused in the background, and not in the foreground. */
  readonly refusing: readonly string[];
  learn(found: 'full' | 'none'): void;
  learnRefused(model: string): void;
}

/** What the activities need from the outside; composed by `worker/`. */
export interface ActivityDeps {
  provider: Provider;
  store: OutputStore;
  announcer: Announcer;
  background: BackgroundMemory;
  prices: PriceTable;
  defaultModel: string;
  /** True when the provider is the offline emulator. */
  simulated: boolean;
  /** How long a create may take before it counts as ambiguous, in milliseconds. */
  createTimeoutMs: number;
  /** True when a gateway receives the provider's webhooks. */
  webhooks: boolean;
  /** True when the worker makes OpenTelemetry spans of what runs tell it, see `contract/spans.ts`. Default false. */
  traces?: boolean;
  /** Events of history after which a run goes on in a new execution. */
  historyEvents: number;
  /** Task queue for the creates of runs that begin now. Default: that of the run. */
  createTaskQueue?: string;
  /** Tools of the user's own that steps may name. Default none. */
  tools?: ToolRegistry;
  /** MCP servers that steps may name. Default none. */
  mcp?: McpServers;
  /** Tells somebody about the end of a run; undefined where nobody asked for it. */
  notify?: (notification: Notification) => Promise<void>;
}
