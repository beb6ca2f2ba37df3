import { setTimeout as sleep } from 'node:timers/promises';
import { seededBetween, seededFraction } from '../../../emulator/ids';
import { type Kind, type Part } from './part';

/** Of a hundred kills. */
const SHARES: readonly (readonly [Kind, number])[] = [
  ['worker', 45],
  ['emulator', 20],
  ['gateway', 20],
  ['temporal', 15],
];
/** Time in milliseconds that a process stays down. */
const DOWN_MS = [100, 2_500] as const;

/** How the killer goes about it. */
export interface Rage {
  seed: string;
  /** Shortest and longest time between two kills. */
  gapMs: readonly [number, number];
  /** Default: no end. */
  kills?: number;
}

/**
 * Kills processes at random until it is stopped, and starts each again after a short time. Whom, when and for how long
 * follows from the seed alone.
 */
export class Killer {
  readonly kills: Record<Kind, number> = { worker: 0, emulator: 0, gateway: 0, temporal: 0 };
  private readonly restarts = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;

  constructor(
    private readonly parts: readonly Part[],
    private readonly rage: Rage,
  ) {
    this.running = this.run();
  }

  /** Kills nobody any more; resolves when everybody is back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await Promise.all(this.restarts);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const { gapMs, kills = Infinity } = this.rage;
    for (let n = 0; n < kills && !signal.aborted; n += 1) {
      await sleep(this.between(`gap ${n}`, gapMs), undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) this.strike(n);
    }
  }

  private strike(n: number): void {
    const kind = kindAt(seededFraction(this.rage.seed, `kind ${n}`) * 100);
    const up = this.parts.filter((part) => part.kind === kind && part.isUp);
    const victim = up[Math.floor(seededFraction(this.rage.seed, `victim ${n}`) * up.length)];
    if (!victim) return;
    this.kills[kind] += 1;
    const restart = this.restart(victim, this.between(`down ${n}`, DOWN_MS)).finally(() =>
      this.restarts.delete(restart),
    );
    this.restarts.add(restart);
  }

  private async restart(victim: Part, downMs: number): Promise<void> {
    await victim.kill();
    await sleep(downMs);
    await victim.start();
  }

  private between(what: string, range: readonly [number, number]): number {
    return seededBetween(this.rage.seed, what, range);
  }
}

function kindAt(percent: number): Kind {
  let sum = 0;
  for (const [kind, share] of SHARES) {
    sum += share;
    if (percent < sum) return kind;
  }
  return 'worker';
}
