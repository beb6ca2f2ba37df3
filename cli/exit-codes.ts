/** What the process ends with, so that scripts need not read text. */
export const EXIT = {
  completed: 0,
  failed: 1,
  /** Wrong arguments, a wrong file, a wrong setting. */
  usage: 2,
  /** The run ended, but some of its steps have no output. */
  partial: 3,
  /** Ctrl-C; the run goes on. */
  interrupted: 130,
} as const;
