import { readFile } from 'node:fs/promises';

/** Milliseconds between two readings, as in client-go. */
const READ_EVERY = 60_000;

/** A bearer token that somebody else renews in a file, as the kubelet does for ServiceAccounts. */
export class TokenFile {
  readonly #path: string;
  readonly #now: () => number;
  #token: string | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, now: () => number) {
    this.#path = path;
    this.#now = now;
  }

  /**
   * While the file cannot be read the last token serves: the API server will say when it is too old.
   * @throws Error when there is no token yet
   */
  async read(): Promise<string> {
    if (this.#token !== undefined && this.#now() - this.#readAt < READ_EVERY) return this.#token;
    try {
      const token = (await readFile(this.#path, 'utf8')).trim();
      if (token === '') throw new Error(`${this.#path}: there is no token in this file`);
      this.#token = token;
    } catch (error) {
      if (this.#token === undefined) throw error;
    }
    this.#readAt = this.#now();
    return this.#token;
  }

  /** The token was refused: the next one comes from the file. */
  forget(): void {
    this.#token = undefined;
  }
}
