import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join, matchesGlob, relative } from 'node:path';

/** The files of the checkout that an image may be made of: without what .dockerignore names. */
export class BuildContext {
  readonly #root: string;
  readonly #patterns: readonly string[];

  constructor(root: string) {
    this.#root = root;
    this.#patterns = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
  }

  has(path: string): boolean {
    return !this.#ignores(path) && existsSync(join(this.#root, path));
  }

  copy(path: string, to: string): void {
    const filter = (file: string) => !this.#ignores(relative(this.#root, file));
    cpSync(join(this.#root, path), to, { recursive: true, verbatimSymlinks: true, filter });
  }

  /** A folder that is left out takes everything in it along. */
  #ignores(path: string): boolean {
    const parts = path.split('/');
    return parts.some((_, i) => {
      const begin = parts.slice(0, i + 1).join('/');
      return this.#patterns.some((pattern) => matchesGlob(begin, pattern));
    });
  }
}
