import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { buy } from '../../examples/purchase/tools';
import { type Harness, required, startHarness } from '../setup/harness';
import { Clone } from './clone';

/** What a program of another language is tried with: a worker with the tool that asks, and what its README says to type. */
export class OtherClient {
  private readonly id = randomUUID();

  private constructor(
    private readonly harness: Harness,
    readonly clone: Clone,
  ) {}

  static async create(example: string, env: NodeJS.ProcessEnv): Promise<OtherClient> {
    const clone = await Clone.create(example);
    process.env['SHOP_FOLDER'] = `${clone.folder}/orders`;
    const harness = await startHarness({ seconds: 0, worker: { tools: [buy] } });
    const { taskQueue: TEMPORAL_TASK_QUEUE } = harness;
    Object.assign(clone.env, { TEMPORAL_ADDRESS: required('TEST_TEMPORAL_ADDRESS'), TEMPORAL_TASK_QUEUE, ...env });
    return new OtherClient(harness, clone);
  }

  /** Starts, or finds, a run of a name, and answers what it asks. */
  type(program: string, name: string, answer: string): Promise<string> {
    return this.clone.type(this.clone.line(program).replace('order-1', `${this.id}-${name}`), answer);
  }

  /** How many orders the shop has. */
  async orders(): Promise<number> {
    return (await readdir(`${this.clone.folder}/orders`)).filter((file) => file.endsWith('.json')).length;
  }

  async close(): Promise<void> {
    await this.harness.close();
    await this.clone.remove();
  }
}
