import { z } from 'zod';
import { ConfigurationError } from '../contract/configuration-error';
import { type TracesConfig } from './spans';

const PROTOCOL = 'http/protobuf';
const DEFAULT_SERVICE_NAME = 'durable-research';
const url = z.url({ protocol: /^https?$/, error: 'expected an http(s) URL' }).optional();

/** Standard variables of OpenTelemetry that decide whether and where spans are sent; its SDK reads the others itself. */
export const tracesEnvironment = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: z.string().optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: z.string().optional(),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: z.string().optional(),
  OTEL_SERVICE_NAME: z.string().optional(),
  OTEL_SDK_DISABLED: z.string().optional(),
};

/**
 * Undefined where no endpoint is set: then nothing of OpenTelemetry is loaded.
 * @throws ConfigurationError for another protocol.
 */
export function tracesConfig(values: z.infer<z.ZodObject<typeof tracesEnvironment>>): TracesConfig | undefined {
  const base = values.OTEL_EXPORTER_OTLP_ENDPOINT;
  const endpoint = values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base && `${base.replace(/\/+$/, '')}/v1/traces`);
  if (endpoint === undefined || values.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return undefined;
  const protocol = values.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? values.OTEL_EXPORTER_OTLP_PROTOCOL ?? PROTOCOL;
  if (protocol !== PROTOCOL) {
    throw new ConfigurationError(
      `OTEL_EXPORTER_OTLP_PROTOCOL: spans are sent by "${PROTOCOL}" alone, got "${protocol}"; set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL to it, with an endpoint that takes it (mostly port 4318)`,
    );
  }
  return {
    url: endpoint,
    headers: {
      ...headersOf(values.OTEL_EXPORTER_OTLP_HEADERS),
      ...headersOf(values.OTEL_EXPORTER_OTLP_TRACES_HEADERS),
    },
    serviceName: values.OTEL_SERVICE_NAME ?? DEFAULT_SERVICE_NAME,
  };
}

/** `name=value,other=value`, values in percent-encoding. */
function headersOf(text = ''): Record<string, string> {
  const pairs = text.split(',').flatMap((pair): [string, string][] => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair.trim()) ?? [];
    return name === undefined || value === undefined ? [] : [[name.trim(), decode(value.trim())]];
  });
  return Object.fromEntries(pairs);
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // Not encoded at all: a token may hold a bare "%".
    return value;
  }
}
