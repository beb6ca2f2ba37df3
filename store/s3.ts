import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { addressOf, isAddress, parseOutput } from './content';
import { type OutputStore } from './port';

/** Where outputs are kept, as in `s3://bucket/prefix`. Region, credentials and endpoint come from the AWS variables. */
export interface S3Location {
  bucket: string;
  /** Without a slash at its ends; empty for none. */
  prefix: string;
}

/** Options of {@link createS3Store}. */
export interface S3StoreOptions {
  /** Told of an object that cannot be used. Default: a process warning. */
  warn?: (message: string) => void;
}

const SAFE_NAME = /^[\w-]{1,200}$/;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 20_000;

/**
 * Outputs and prompts as objects of a bucket, for workers and gateways on many machines: `outputs/<responseId>.json` and
 * `prompts/<sha256>`. An object appears whole and has one content for ever. One that is damaged counts as absent, with a
 * warning.
 * @throws the error of the service, such as `NoSuchBucket` and `AccessDenied`.
 */
export function createS3Store({ bucket, prefix }: S3Location, options: S3StoreOptions = {}): OutputStore {
  const warn = options.warn ?? ((message: string) => process.emitWarning(message));
  const client = new S3Client({
    // Other servers of this protocol seldom have a host name for each bucket.
    forcePathStyle: Boolean(process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']),
    // Nor do all of them know the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  });
  const keyOf = (...parts: string[]): string => [prefix, ...parts].filter((part) => part !== '').join('/');
  const outputKey = (responseId: string): string =>
    keyOf('outputs', `${SAFE_NAME.test(responseId) ? responseId : `sha256-${addressOf(responseId)}`}.json`);
  const promptKey = (ref: string): string => keyOf('prompts', ref);
  const read = (key: string): Promise<string | undefined> => readText(client, { Bucket: bucket, Key: key });
  const write = async (key: string, text: string, type: string): Promise<void> => {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text, ContentType: type }));
  };
  return {
    putOutput: (output) => write(outputKey(output.responseId), JSON.stringify(output), 'application/json'),
    getOutput: async (responseId) => {
      const key = outputKey(responseId);
      const text = await read(key);
      if (text === undefined) return undefined;
      const output = parseOutput(text);
      if (output?.responseId === responseId) return output;
      warn(`s3://${bucket}/${key} does not hold the output of ${responseId}; the provider is asked for it`);
      return undefined;
    },
    putPrompt: async (prompt) => {
      const ref = addressOf(prompt);
      const known = await exists(client, { Bucket: bucket, Key: promptKey(ref) });
      if (!known) await write(promptKey(ref), prompt, 'text/plain; charset=utf-8');
      return ref;
    },
    getPrompt: async (ref) => {
      if (!isAddress(ref)) return undefined;
      const prompt = await read(promptKey(ref));
      if (prompt === undefined || addressOf(prompt) === ref) return prompt;
      warn(`s3://${bucket}/${promptKey(ref)} does not hold the prompt it is named after; it is not used`);
      return undefined;
    },
  };
}

type ObjectName = { Bucket: string; Key: string };

async function readText(client: S3Client, name: ObjectName): Promise<string | undefined> {
  try {
    const { Body } = await client.send(new GetObjectCommand(name));
    return await Body?.transformToString('utf-8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function exists(client: S3Client, name: ObjectName): Promise<boolean> {
  try {
    await client.send(new HeadObjectCommand(name));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Without the right to list a bucket the service answers `AccessDenied` for what is not there; that is not missing. */
function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound');
}
