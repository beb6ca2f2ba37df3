/** One piece of a run that has ended, as a workflow tells it to its worker, which makes an OpenTelemetry span of it. */
export interface RunSpan {
  /** Unique in the run, such as `step/explain`: the span's id is derived from it, on every worker alike. */
  id: string;
  /** `id` of the span that this one lies in; undefined for the run itself. */
  parent?: string;
  name: string;
  /** A call to the provider, rather than work of the engine. */
  client: boolean;
  /** Milliseconds since 1970, by the workflow's clock. */
  startedAt: number;
  endedAt: number;
  /** Type of the failure that it ended with. Never a message: it may quote what the model or the user said. */
  failure?: string;
  attributes: Record<string, string | number>;
}

/** Sink by which workflows tell their worker of spans; used only where the run's record says that it is traced. */
export type RunSpanSinks = { durableResearch: { spanEnded(span: RunSpan): void } };
