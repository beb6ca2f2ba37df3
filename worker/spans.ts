import { type RunSpan } from '../contract/spans';

/** What tells the runs of a namespace apart. */
export interface TracedRun {
  namespace: string;
  workflowId: string;
  runId: string;
  /** Stays through resets and continue-as-new. */
  firstExecutionRunId: string;
}

/** Makes spans of what workflows tell, and sends them. */
export interface SpanExport {
  spanEnded(run: TracedRun, span: RunSpan): void;
  /** Sends what is left; never rejects. */
  close(): Promise<void>;
}

/** Where spans go, as the standard variables of OpenTelemetry say. `headers` must never be printed. */
export interface TracesConfig {
  url: string;
  headers: Record<string, string>;
  serviceName: string;
}
