import { FAILURE_CONVERTER_PATH } from '../codec';
import { buildBundle, prebuiltBundle } from './bundle';

async function main(): Promise<void> {
  for (const converter of [{}, { failureConverterPath: FAILURE_CONVERTER_PATH }]) {
    await buildBundle(prebuiltBundle(converter), converter);
  }
}

void main();
