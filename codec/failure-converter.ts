import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Puts messages and stack traces of failures into payloads, where a codec reaches them. Loaded by its path, into the
 * workflow bundle too: so it stands alone in its module, under the name that the SDK looks for.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
