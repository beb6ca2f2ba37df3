import type { Library } from './answer/library';
import type { Clock } from './clock';
import type { FaultBook } from './faults/book';
import type { LibraryCache } from './files/search';
import type { RateLimits } from './limits/limits';
import type { ResolvedOptions } from './options';
import type { ScriptBook } from './script/book';
import type { Jobs } from './responses/jobs';
import type { Store } from './state';

/** What every route works with. */
export interface Deps {
  readonly options: ResolvedOptions;
  readonly clock: Clock;
  readonly store: Store;
  readonly faults: FaultBook;
  readonly script: ScriptBook;
  readonly corpus: Library;
  readonly libraries: LibraryCache;
  readonly jobs: Jobs;
  readonly limits: RateLimits;
}
