import { styleText } from 'node:util';

/** What a piece of text means to the reader; how that looks is decided here alone. */
export type Look = 'strong' | 'quiet' | 'good' | 'bad' | 'warn' | 'active';

/** Gives a piece of text its look. */
export type Style = (look: Look, text: string) => string;

const FORMATS = { strong: 'bold', quiet: 'dim', good: 'green', bad: 'red', warn: 'yellow', active: 'cyan' } as const;

/** Text without any escape sequence. */
export const plainStyle: Style = (_look, text) => text;

/** Text in colours. */
export const colourStyle: Style = (look, text) => styleText(FORMATS[look], text, { validateStream: false });

/** Colours for a terminal that has them, unless `NO_COLOR` is set to anything. */
export function styleFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  const wanted = stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return wanted ? colourStyle : plainStyle;
}
