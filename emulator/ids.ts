import { createHash, randomBytes } from 'node:crypto';

/** The prefixes of ids on the wire. */
export type IdPrefix =
  | 'resp'
  | 'msg'
  | 'rs'
  | 'fc'
  | 'ctc'
  | 'call'
  | 'ws'
  | 'fs'
  | 'ci'
  | 'cntr'
  | 'mcpl'
  | 'mcpr'
  | 'mcp'
  | 'conv'
  | 'vs'
  | 'vsfb'
  | 'req'
  | 'wfr'
  | 'emu'
  | 'fault'
  | 'item'
  | 'cmp'
  | 'evt'
  | 'wh'
  | 'whe';

/** A new id of the wire's form: prefix and 50 hexadecimal digits. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomBytes(25).toString('hex')}`;
}

/** A new file id; files alone are spelled with a hyphen. */
export function newFileId(): string {
  return `file-${randomBytes(12).toString('hex')}`;
}

/** A number in [0, 1) that depends on nothing but `seed` and `salt`, so that a record can be rebuilt from its id. */
export function seededFraction(seed: string, salt: string): number {
  const digest = createHash('sha256').update(`${salt}\0${seed}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** A number between `min` and `max` drawn by `seededFraction`. */
export function seededBetween(seed: string, salt: string, [min, max]: readonly [number, number]): number {
  return min + (max - min) * seededFraction(seed, salt);
}
