/** What repeated measurements of one thing came to. */
export interface Summary {
  runs: number;
  median: number;
  min: number;
  max: number;
}

/** What was measured, and beside it what it is held against; both from the same run of the bench. */
export interface Measured {
  /** Letter of the bench's part, `a` to `g`. */
  part: string;
  name: string;
  unit: string;
  values: readonly number[];
  against: { name: string; values: readonly number[] };
  /** The two lists were measured in turn and are compared pair by pair. Default false. */
  paired?: boolean;
  /** The ratio should not exceed it. */
  aim?: number;
}

/** A figure as it is reported. */
export interface Figure {
  part: string;
  name: string;
  unit: string;
  value: Summary;
  against: { name: string; value: Summary };
  ratio: Summary;
  aim?: number;
  /** Whether the median of the ratios is within the aim. */
  met?: boolean;
}

/**
 * Number, median, least and greatest of the values.
 * @throws for no values, and for one that is not a finite number: a hole in a measurement is not a zero.
 */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new Error('expected at least one measurement, got none');
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new Error(`expected measurements that are finite numbers, got ${wrong}`);
  const sorted = values.toSorted((a, b) => a - b);
  return { runs: values.length, median: medianOf(sorted), min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? NaN) + upper) / 2 : upper;
}

/**
 * A figure with its ratio: pair by pair where both were measured in turn, so that a machine whose speed drifts does not
 * matter; else each value against the other side's median.
 * @throws as `summarize`, and for pairs that are not whole.
 */
export function figure({ part, name, unit, values, against, paired = false, aim }: Measured): Figure {
  const base = summarize(against.values);
  if (paired && values.length !== against.values.length) {
    throw new Error(`${name}: expected pairs, got ${values.length} and ${against.values.length} measurements`);
  }
  const ratio = summarize(values.map((value, i) => value / (paired ? (against.values[i] ?? NaN) : base.median)));
  return {
    part,
    name,
    unit,
    value: summarize(values),
    against: { name: against.name, value: base },
    ratio,
    ...(aim !== undefined && { aim, met: ratio.median <= aim }),
  };
}
