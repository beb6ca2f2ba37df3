import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { errorMessage } from './error-code';
import { ruleSchema } from './faults/rule';
import { switchFlagsHelp, switchOptions } from './switches';
import { webhookOptionSchema } from './webhooks/endpoints';
import { scriptSchema } from './script/schema';

/** Options of `startEmulator`. Durations are stated at speed 1 and divided by `speed`. */
export const emulatorOptionsSchema = z.strictObject({
  /** Folder of the emulator's state; made when missing. One process at a time. */
  dataDir: z.string().min(1),
  /** TCP port; 0, the default, lets the system choose. */
  port: z.number().int().min(0).max(65_535).default(0),
  /** Address to listen on; default loopback only. */
  host: z.string().min(1).default('127.0.0.1'),
  /** How many times faster than the real API responses run; default 1. */
  speed: z.number().positive().max(1_000_000).default(1),
  /** Fixed duration in seconds of every response, instead of the measured ranges. */
  seconds: z.number().nonnegative().optional(),
  /** Folder of texts (Markdown, text, HTML, PDF) that replaces the built-in corpus. */
  corpusDir: z.string().min(1).optional(),
  /** When set, exactly this key is accepted; otherwise any non-empty bearer token. */
  apiKey: z.string().min(1).optional(),
  /** When set, only these model names are accepted; otherwise any. */
  models: z.array(z.string().min(1)).min(1).optional(),
  /** Rules of faults, in text (`http_503@retrieve*2`) or in JSON; default none. */
  faults: z.array(ruleSchema).default([]),
  /** Endpoints that are told of the ends of background responses; each URL once. Not stored. */
  webhooks: z.array(webhookOptionSchema).default([]).refine(hasEachUrlOnce, { error: 'expected each url once.' }),
  /** Requests a minute and model; when left out, none is refused. */
  rpm: z.number().int().min(1).optional(),
  /** Tokens a minute and model; when left out, none is refused. */
  tpm: z.number().int().min(1).optional(),
  ...switchOptions,
  /** The creates that a test expects and what each is answered with; default none, and anything goes. */
  script: scriptSchema.optional(),
  /** Whether every response follows the instructions that it reads in files, pages and outputs of tools; default false. */
  obedient: z.boolean().default(false),
  /** What becomes of `background: true`, as on other servers; default as on OpenAI's. */
  background: z.enum(['full', 'refuse', 'ignore', 'forget']).default('full'),
  /** How long one request to an MCP server may take, in real seconds; default 30. */
  mcpSeconds: z.number().positive().max(600).default(30),
});

function hasEachUrlOnce(webhooks: readonly { url: string }[]): boolean {
  return new Set(webhooks.map(({ url }) => url)).size === webhooks.length;
}

/** What a caller of `startEmulator` passes. */
export type EmulatorOptions = z.input<typeof emulatorOptionsSchema>;
/** The same with every default filled in. */
export type ResolvedOptions = z.output<typeof emulatorOptionsSchema>;

/** One line for each command-line flag, for help texts. */
export const emulatorFlagsHelp = [
  '--port N       TCP port to listen on (default 8787; 0 lets the system choose)',
  '--host HOST    address to listen on (default 127.0.0.1)',
  '--data DIR     folder that keeps responses, conversations and files (default .durable-research/emulator)',
  '--speed N      run N times faster than the real API (default 1)',
  '--seconds N    fixed duration of every response at speed 1, instead of the measured ranges',
  '--corpus DIR   folder of texts that replaces the built-in corpus',
  '--background M what becomes of background: full, refuse (400), ignore (runs at once) or forget (404 on retrieve)',
  "--fault RULE   a fault by name, such as 'http_503@retrieve*2'; may be given several times",
  '--obedient     follow instructions found in files, pages and outputs of tools, to test the guards of clients',
  '--script FILE  JSON of the creates to expect and their answers; any other create is a 400',
  '--webhook-url URL        where to send webhooks when background responses end',
  '--webhook-secret SECRET  signs them; better set in OPENAI_WEBHOOK_SECRET, since arguments are seen by others',
  '--rpm N        requests a minute and model, beyond which creates are refused (default: no limit)',
  '--tpm N        tokens a minute and model, beyond which creates are refused (default: no limit)',
  ...switchFlagsHelp,
  '--mcp-seconds N  how long one request to an MCP server may take, in real seconds (default 30)',
].join('\n');

const text = { type: 'string' } as const;
const FLAGS = {
  port: text,
  host: text,
  data: text,
  speed: text,
  seconds: text,
  corpus: text,
  fault: { ...text, multiple: true },
  'webhook-url': text,
  'webhook-secret': text,
  rpm: text,
  tpm: text,
  'data-mode': text,
  retention: text,
  'previous-not-found': text,
  'after-delete': text,
  'delete-object': text,
  'cancel-output': text,
  'model-names': text,
  script: text,
  obedient: { type: 'boolean' },
  background: text,
  'stream-done': { type: 'boolean' },
  'error-event': text,
  'replay-seconds': text,
  'mcp-seconds': text,
} as const;
const DEFAULT_FLAGS = { port: '8787', data: '.durable-research/emulator' };

/**
 * Turns command-line flags into options. Throws an `Error` whose message names the flag, what was expected and what
 * came. Of the environment, OPENAI_WEBHOOK_SECRET is read.
 */
export function parseEmulatorFlags(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): ResolvedOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: FLAGS,
    strict: true,
    allowPositionals: false,
  });
  return resolveOptions({
    dataDir: values.data ?? DEFAULT_FLAGS.data,
    port: toNumber('--port', values.port ?? DEFAULT_FLAGS.port),
    host: values.host,
    speed: toNumber('--speed', values.speed),
    seconds: toNumber('--seconds', values.seconds),
    corpusDir: values.corpus,
    faults: values.fault,
    webhooks: webhooksOf(values['webhook-url'], values['webhook-secret'], env['OPENAI_WEBHOOK_SECRET']),
    rpm: toNumber('--rpm', values.rpm),
    tpm: toNumber('--tpm', values.tpm),
    dataMode: values['data-mode'],
    retentionSeconds: toNumber('--retention', values.retention),
    previousNotFound: toNumber('--previous-not-found', values['previous-not-found']),
    afterDelete: toNumber('--after-delete', values['after-delete']),
    deleteObject: values['delete-object'],
    cancelOutput: values['cancel-output'],
    modelNames: values['model-names'],
    script: values.script === undefined ? undefined : readScript(values.script),
    background: values.background,
    obedient: values.obedient,
    streamDone: values['stream-done'],
    errorEvent: values['error-event'],
    replaySeconds: toNumber('--replay-seconds', values['replay-seconds']),
    mcpSeconds: toNumber('--mcp-seconds', values['mcp-seconds']),
  });
}

function readScript(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw new Error(`--script expects a file of JSON, but ${file} cannot be read: ${errorMessage(error)}.`, {
      cause: error,
    });
  }
}

/** Checks options, which may come from a command line, and fills in defaults. Throws an `Error` naming the option. */
export function resolveOptions(options: unknown): ResolvedOptions {
  const parsed = emulatorOptionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `option '${issue.path.join('.')}': ${issue.message}`);
  throw new Error(`The emulator cannot start: ${problems.join('; ')}.`);
}

function webhooksOf(url: string | undefined, flag: string | undefined, variable: string | undefined) {
  if (url === undefined && flag !== undefined) throw new Error('--webhook-secret needs --webhook-url.');
  if (url === undefined) return [];
  const secret = flag ?? variable;
  if (secret !== undefined && secret !== '') return [{ url, secrets: [secret] }];
  throw new Error('--webhook-url needs a secret to sign with: set OPENAI_WEBHOOK_SECRET (or --webhook-secret).');
}

function toNumber(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number)) {
    throw new Error(`${flag} expects a number, but got '${value}'.`);
  }
  return number;
}
