import { DefaultLogger, type LogEntry, type Logger, type LogLevel } from '@temporalio/worker';
import { createsTaskQueue } from './creates-worker';

/** How a process logs. */
export interface LogConfig {
  format: 'text' | 'json';
  level: LogLevel;
}

/** Logs to standard error, one entry a line: as JSON, or as text with its attributes as JSON behind it. */
export function createLogger({ format, level }: LogConfig): Logger {
  const line = format === 'json' ? jsonLine : textLine;
  return new DefaultLogger(level, (entry) => void (isExpected(entry) || process.stderr.write(`${line(entry)}\n`)));
}

/** Temporal's SDK warns of a worker without workflows; that of the creates has none. */
function isExpected({ message, meta }: LogEntry): boolean {
  return message.startsWith('No workflows registered') && String(meta?.['taskQueue']).endsWith(createsTaskQueue(''));
}

function jsonLine({ level, message, meta, timestampNanos }: LogEntry): string {
  return stringify({ time: timeOf(timestampNanos), level, message, ...meta });
}

function textLine({ level, message, meta, timestampNanos }: LogEntry): string {
  const attributes = meta && Object.keys(meta).length > 0 ? ` ${stringify(meta)}` : '';
  return `${timeOf(timestampNanos)} [${level}] ${message}${attributes}`;
}

function timeOf(nanos: bigint): string {
  return new Date(Number(nanos / 1_000_000n)).toISOString();
}

/** Whatever is logged, a line comes out of it. */
function stringify(value: object): string {
  try {
    return JSON.stringify(value, plain);
  } catch (error) {
    return JSON.stringify({ unloggable: String(error), ...('message' in value && { message: value.message }) });
  }
}

/** Errors have no fields that JSON shows; a history counts in numbers that it does not know. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  const type: unknown = Reflect.get(value, 'type');
  return { name, ...(typeof type === 'string' && { type }), message, ...(stack && { stack }), cause };
}
