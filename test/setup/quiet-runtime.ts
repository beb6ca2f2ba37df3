import { DefaultLogger, Runtime } from '@temporalio/worker';

// Once per process and before anything else; failures that tests provoke are not worth a page of warnings.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
});
