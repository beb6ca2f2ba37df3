/** A setting that is missing or wrong; the message names the variable and what to set, and never a value that is secret. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
