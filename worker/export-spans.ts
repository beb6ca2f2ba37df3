import { createHash } from 'node:crypto';
import { type HrTime, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { type RunSpan } from '../contract/spans';
import { type SpanExport, type TracedRun, type TracesConfig } from './spans';

/** Of a batch that could not be sent; the spans are lost, the runs go on. */
type OnError = (error: Error, spans: number) => void;

/**
 * Sends spans by OTLP over HTTP, in batches. The only file that knows OpenTelemetry; loaded where an endpoint is set.
 * No tracer makes the spans: their ids are derived from the run, so that workers that never met build one trace.
 */
export function createSpanExport({ url, headers, serviceName }: TracesConfig, onError: OnError): SpanExport {
  const exporter = watched(new OTLPTraceExporter({ url, headers }), onError);
  const resource = detectResources({ detectors: [envDetector] }).merge(
    resourceFromAttributes({ 'service.name': serviceName }),
  );
  const processor = new BatchSpanProcessor(exporter);
  return {
    spanEnded: (run, span) => processor.onEnd(readable(run, span, resource)),
    // What goes wrong has been told by then.
    close: () => processor.shutdown().catch(() => undefined),
  };
}

/** The processor itself tells nobody. */
function watched(exporter: SpanExporter, onError: OnError): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error) onError(result.error, spans.length);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
}

/** The span of OpenTelemetry. The same piece of the same run has the same ids, whoever tells of it and how often. */
function readable(run: TracedRun, span: RunSpan, resource: Resource): ReadableSpan {
  const context = spanContext(run, span.id);
  return {
    name: span.name,
    kind: span.client ? SpanKind.CLIENT : SpanKind.INTERNAL,
    spanContext: () => context,
    ...(span.parent !== undefined && { parentSpanContext: spanContext(run, span.parent) }),
    startTime: hrTime(span.startedAt),
    endTime: hrTime(span.endedAt),
    duration: hrTime(span.endedAt - span.startedAt),
    ended: true,
    status: { code: span.failure === undefined ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
    attributes: {
      // As Temporal's own interceptors name them.
      temporalWorkflowID: run.workflowId,
      temporalRunID: run.runId,
      ...span.attributes,
      ...(span.failure !== undefined && { 'error.type': span.failure }),
    },
    links: [],
    events: [],
    resource,
    instrumentationScope: { name: 'durable-research' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function spanContext({ namespace, workflowId, firstExecutionRunId }: TracedRun, id: string): SpanContext {
  const run = [namespace, workflowId, firstExecutionRunId];
  return { traceId: hash(run, 32), spanId: hash([...run, id], 16), traceFlags: TraceFlags.SAMPLED };
}

/** The first characters of a hash in hexadecimal. */
function hash(parts: readonly string[], length: number): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, length);
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000];
}
