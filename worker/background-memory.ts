import { type BackgroundMemory } from '../activities';

/** What `DURABLE_RESEARCH_BACKGROUND` may say. */
export const BACKGROUND_SETTINGS = ['auto', 'full', 'none'] as const;
export type BackgroundSetting = (typeof BACKGROUND_SETTINGS)[number];

/** `auto` takes what was found last, until the worker ends; the others are what somebody knows. */
export function rememberBackground(setting: BackgroundSetting): BackgroundMemory {
  let found: 'full' | 'none' | undefined;
  const refusing = new Set<string>();
  return {
    get known() {
      return setting === 'auto' ? (found ?? 'unknown') : setting;
    },
    get refusing() {
      return setting === 'auto' ? [...refusing] : [];
    },
    learn(seen) {
      found = seen;
    },
    learnRefused(model) {
      refusing.add(model);
    },
  };
}
