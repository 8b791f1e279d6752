import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

/** Two files of this size at most: the current one and `.1`, the one before. */
const MOST_BYTES = 1024 * 1024;

/** The output of one process, kept within bounds. */
export class LogFile {
  readonly path: string;
  #file: number;
  #bytes = 0;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'w', 0o600);
  }

  write(chunk: Uint8Array | string): void {
    this.#bytes += writeSync(this.#file, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    if (this.#bytes < MOST_BYTES) return;
    closeSync(this.#file);
    renameSync(this.path, `${this.path}.1`);
    this.#file = openSync(this.path, 'w', 0o600);
    this.#bytes = 0;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The end of a log, to be shown where it is about to be removed. */
export function lastLines(path: string, count: number): string[] {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count);
}
