import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../http/errors';
import type { CreateBody } from '../responses/request';
import { del, put, type Change, type Store } from '../state';
import { mismatch, preview, seenOf, type Seen } from './match';
import type { ScriptControl, ScriptReport } from './control';
import type { ScriptRecord } from './record';
import { scriptSchema, type Script, type ScriptInput, type Step } from './schema';

const CURRENT = 'current';

/** A step that a create meets, and what has to be written with the create so that it counts as met. */
export interface Met {
  readonly step: Step;
  readonly changes: Change[];
}

/** The script in force. It is stored with its progress, so that a killed emulator goes on where it was. */
export class ScriptBook implements ScriptControl {
  private constructor(private readonly store: Store) {}

  /** A script of the options that has been stored already goes on; another one takes its place. */
  static async open(store: Store, option: Script | undefined): Promise<ScriptBook> {
    const book = new ScriptBook(store);
    const stored = await book.read();
    if (option !== undefined && !(stored?.fromOptions === true && isDeepStrictEqual(stored.script, plain(option)))) {
      await book.begin(option, true);
    }
    if (option === undefined && stored?.fromOptions === true) await book.clear();
    return book;
  }

  async set(script: ScriptInput): Promise<void> {
    await this.begin(scriptSchema.parse(script), false);
  }

  async clear(): Promise<void> {
    await this.store.exclusive(() => this.store.write([del(this.store.tables.scripts, CURRENT)]));
  }

  async report(): Promise<ScriptReport | null> {
    const record = await this.read();
    if (record === undefined) return null;
    const { script, used, unexpected } = record;
    const left = script.steps.flatMap(({ name }, index) =>
      used.includes(index) ? [] : [{ step: index + 1, name: name ?? null }],
    );
    const seen = unexpected.map(({ at, message }) => ({ at: at / 1000, message }));
    return { steps: script.steps.length, used: used.length, left, unexpected: seen };
  }

  async verify(): Promise<void> {
    const report = await this.report();
    if (report === null) throw new Error('The emulator has no script to verify; set one first.');
    const left = report.left.map(({ step, name }) => `step ${step}${name === null ? '' : ` ('${name}')`} was not met`);
    const problems = [...report.unexpected.map(({ message }) => message), ...left];
    if (problems.length > 0) throw new Error(`The emulator's script was not followed:\n- ${problems.join('\n- ')}`);
  }

  /**
   * The step that a create meets, or null without a script. Called inside of `store.exclusive`. Throws a 400 for a
   * create that no step expects, and remembers it.
   */
  async meet(body: CreateBody, now: number): Promise<Met | null> {
    const record = await this.read();
    if (record === undefined) return null;
    const { script, used } = record;
    const seen = seenOf(body);
    const left = script.steps.flatMap((step, index) => (used.includes(index) ? [] : [{ step, index }]));
    const candidates = script.anyOrder ? left : left.slice(0, 1);
    const met = candidates.find(({ step }) => mismatch(step.expect ?? {}, seen) === null);
    const { scripts } = this.store.tables;
    if (met !== undefined) {
      return { step: met.step, changes: [put(scripts, CURRENT, { ...record, used: [...used, met.index] })] };
    }
    const message = complaint(candidates, seen, script.steps.length);
    await scripts.put(CURRENT, { ...record, unexpected: [...record.unexpected, { at: now, message }] });
    throw new ApiError(400, message, { type: 'emulator_script_error', code: 'unexpected_create' });
  }

  private async begin(script: Script, fromOptions: boolean): Promise<void> {
    const record: ScriptRecord = { script, fromOptions, used: [], unexpected: [] };
    await this.store.exclusive(() => this.store.write([put(this.store.tables.scripts, CURRENT, record)]));
  }

  private async read(): Promise<ScriptRecord | undefined> {
    return this.store.tables.scripts.get(CURRENT);
  }
}

/** As it comes back from the store. */
function plain(script: Script): unknown {
  return JSON.parse(JSON.stringify(script)) as unknown;
}

function complaint(candidates: readonly { step: Step; index: number }[], seen: Seen, steps: number): string {
  const came = `model '${preview(seen.model)}', input '${preview(seen.input)}'`;
  if (candidates.length === 0) return `Unexpected create: all ${steps} steps of the script have been met. Got ${came}.`;
  const expected = candidates.map(({ step, index }) => {
    const named = step.name === undefined ? '' : ` ('${step.name}')`;
    return `step ${index + 1}${named} expects ${mismatch(step.expect ?? {}, seen)}`;
  });
  return `Unexpected create: ${expected.join('; ')}. Got ${came}.`;
}
