import { uploadFolder, type UploadedFolder, type UploadOptions } from '../openai';
import { readWorkerConfig } from './config';

/** What is uploaded, and who is told how far it is. */
export type UploadRequest = Pick<UploadOptions, 'directory' | 'onProgress'>;

/**
 * Uploads a folder to the provider that the environment names, so that the steps of a run can search it.
 * @throws ConfigurationError for the environment, InvalidInputError for the folder, ProviderError for the provider.
 */
export async function uploadFiles(env: NodeJS.ProcessEnv, request: UploadRequest): Promise<UploadedFolder> {
  const { provider, home } = readWorkerConfig(env);
  return uploadFolder({ ...request, provider, home });
}
