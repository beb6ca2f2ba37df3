import { readWorkerConfig } from '../../worker';

const traces = (env: NodeJS.ProcessEnv) => readWorkerConfig({ OPENAI_API_KEY: 'key', ...env }).traces;

test('without an endpoint there are no traces', () => {
  expect(traces({ OTEL_SERVICE_NAME: 'reports', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' })).toBeUndefined();
  expect(traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
});

test('the standard variables say where spans go', () => {
  expect(traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://host/otlp/' })).toEqual({
    url: 'https://host/otlp/v1/traces',
    headers: {},
    serviceName: 'durable-research',
  });
  expect(
    traces({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://host/otlp',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://host/spans',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20YQ==,x-team=a',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-team=100%',
      OTEL_SERVICE_NAME: 'reports',
    }),
  ).toEqual({
    url: 'https://host/spans',
    headers: { authorization: 'Basic YQ==', 'x-team': '100%' },
    serviceName: 'reports',
  });
});

test('what cannot be sent is refused by name', () => {
  expect(() =>
    traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }),
  ).toThrow(/^OTEL_EXPORTER_OTLP_PROTOCOL: .*got "grpc"/);
  expect(() => traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' })).toThrow(
    /OTEL_EXPORTER_OTLP_ENDPOINT: expected an http\(s\) URL/,
  );
});
