import { inspect } from 'node:util';

/**
 * A value that a client sent and that nobody may see again: written as JSON, stored or logged, it is what it shows. What
 * is read back from the store is therefore no `Secret` any more, but what it showed.
 */
export class Secret<T> {
  readonly #value: T;
  readonly #shown: string | null;

  constructor(value: T, shown: string | null = null) {
    this.#value = value;
    this.#shown = shown;
  }

  reveal(): T {
    return this.#value;
  }

  toJSON(): string | null {
    return this.#shown;
  }

  [inspect.custom](): string {
    return `Secret(${this.#shown ?? ''})`;
  }
}
