import { type TemporalServer } from '../../local';

/** What global set-up hands to global tear-down; both run in the same process. */
export const shared: { server?: TemporalServer } = {};
