import { z } from 'zod';

/**
 * Switches where the sources on the API disagree. Each default is what was seen on the real wire, or else what its
 * specification says.
 */
export const switchOptions = {
  /**
   * What the project's data agreement makes of `store`: `standard` keeps responses unless told otherwise; `mam`
   * (modified abuse monitoring) keeps only those with an explicit `store: true`; `zdr` (zero data retention) keeps
   * none. What is not kept is still readable for about ten minutes after its end where it ran in the background.
   */
  dataMode: z.enum(['standard', 'mam', 'zdr']).default('standard'),
  /** How long a stored response is kept, in seconds, from its creation; default 30 days. Not scaled by `speed`. */
  retentionSeconds: z
    .number()
    .min(0)
    .max(10 * 365 * 86_400)
    .default(30 * 86_400),
  /** Status of a `previous_response_id` that is not known: 400 by default, 404 as some clients saw it. */
  previousNotFound: z.union([z.literal(400), z.literal(404)]).default(400),
  /** Status of a GET after a DELETE: 404 by default, 400 in Microsoft's contract. */
  afterDelete: z.union([z.literal(404), z.literal(400)]).default(404),
  /** `object` in the answer to a DELETE: `response` in the specification, `response.deleted` in Microsoft's contract. */
  deleteObject: z.enum(['response', 'response.deleted']).default('response'),
  /** What a cancelled response shows of its output: nothing by default, or the items that were done. */
  cancelOutput: z.enum(['cleared', 'kept']).default('cleared'),
  /** Whether a response names the dated model behind an alias (the default), or the model as it was asked for. */
  modelNames: z.enum(['dated', 'asked']).default('dated'),
  /** Whether `data: [DONE]` ends every stream, as the Open Responses specification asks; the API sends none. */
  streamDone: z.boolean().default(false),
  /** Form of the `error` event in streams: `nested` as seen on the wire, the default, or `flat` as specified. */
  errorEvent: z.enum(['nested', 'flat']).default('nested'),
  /** How many seconds an event can be replayed; default as long as its response is kept. Not scaled by `speed`. */
  replaySeconds: z.number().nonnegative().optional(),
};

/** One line for each flag of a switch, for help texts. */
export const switchFlagsHelp = [
  '--data-mode M  standard (default), mam or zdr: which responses are kept, and what they say of it',
  '--retention N  seconds that a stored response is kept (default 2592000, 30 days)',
  '--previous-not-found S  status of an unknown previous_response_id: 400 (default) or 404',
  '--after-delete S        status of a GET after a DELETE: 404 (default) or 400',
  '--delete-object O       object in the answer to a DELETE: response (default) or response.deleted',
  '--cancel-output O       output of a cancelled response: cleared (default) or kept',
  '--model-names N         dated (default): gpt-4o becomes gpt-4o-2024-08-06; asked: as it was asked for',
  '--stream-done  end every stream with data: [DONE]',
  '--error-event FORM      form of the error event in streams: nested (default) or flat',
  '--replay-seconds N      how long an event of a stream can be replayed (default: as long as its response)',
];
