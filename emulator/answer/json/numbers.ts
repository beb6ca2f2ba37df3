import { numbersIn, type Focus } from './material';
import type { SchemaNode } from './node';

/** Where in a closed range a number lies when something, or nothing, was found. */
const HIGH = 0.8;
const LOW = 0.2;
const STEPS = 20;

/**
 * A number that a schema allows: one that is given, one that the focus mentions where the schema describes what it
 * wants, else one high in a closed range (low where nothing was found), else the ordinal of the list item around it, else the number next to zero.
 */
export function writeNumber(
  node: SchemaNode,
  type: 'number' | 'integer',
  { focus, ordinal, given = [] }: { focus: Focus | undefined; ordinal: number; given?: readonly number[] },
): number {
  const step = node.multipleOf ?? (type === 'integer' ? 1 : 0);
  const low = Math.max(node.minimum ?? -Infinity, beyond(node.exclusiveMinimum, step, 1));
  const high = Math.min(node.maximum ?? Infinity, beyond(node.exclusiveMaximum, step, -1));
  const fits = (value: number): boolean => value >= low && value <= high && isMultiple(value, step, type);
  const part = focus === undefined ? LOW : HIGH;
  const inRange = Number.isFinite(low + high) ? roundTo(low + (high - low) * part, step) : undefined;
  const lowest = Number.isFinite(low) ? roundTo(low, step, Math.ceil) : roundTo(Math.min(high, 0), step, Math.floor);
  const candidates = [given.find(fits), mentioned(node, focus).find(fits), inRange, ordinal];
  return [...candidates, ...stepsFrom(lowest, step)].find((value) => value !== undefined && fits(value)) ?? lowest;
}

/** A number, and the multiples of a step above it: not every product of a fraction divides by it again. */
function stepsFrom(lowest: number, step: number): number[] {
  return Array.from({ length: STEPS }, (_, count) =>
    step === 0 ? lowest : (Math.round(lowest / step) + count) * step,
  );
}

/** Whether a focus mentions a number that a schema describes. */
export function mentionsNumber(node: SchemaNode, focus: Focus | undefined): boolean {
  return node.description === undefined || mentioned(node, focus).length > 0;
}

function mentioned(node: SchemaNode, focus: Focus | undefined): number[] {
  if (focus === undefined || node.description === undefined) return [];
  const found = numbersIn(focus);
  return /\b(?:year|date)\b/i.test(node.description) ? found.filter((value) => value > 1500 && value < 2200) : found;
}

/** The first number on the inner side of an exclusive bound. */
function beyond(bound: number | undefined, step: number, sign: 1 | -1): number {
  if (bound === undefined) return -Infinity * sign;
  return bound + sign * (step > 0 ? Math.min(step, 1e-6) : Math.max(1e-6, Math.abs(bound) * 1e-6));
}

function isMultiple(value: number, step: number, type: 'number' | 'integer'): boolean {
  const ofStep = step === 0 || Number.isInteger(value / step);
  return ofStep && (type === 'number' || Number.isInteger(value));
}

function roundTo(value: number, step: number, round: (value: number) => number = Math.round): number {
  return step === 0 ? value : round(value / step) * step;
}
