import { buildBundle } from './bundle';

void buildBundle();
