/** A setting that is missing or wrong; the message names the variable and what to set. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
