import { DefaultLogger, Runtime } from '@temporalio/worker';
import { buildBundle } from './bundle';

Runtime.install({ logger: new DefaultLogger('WARN') });
void buildBundle();
