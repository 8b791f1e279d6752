import { createWriteStream, openSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';

/** Characters of one file, and of all: beyond, the end is cut and said. */
const MOST = { file: 8 * 1024 * 1024, all: 32 * 1024 * 1024 };

/** A `.tar.gz` that only its owner may read, bounded in size. */
export class Archive {
  readonly #pack = pack();
  readonly #folder: string;
  readonly #written: Promise<void>;
  readonly #at: Date;
  #room = MOST.all;

  /**
   * @param folder all files are in it
   * @param at Unix ms, of every file
   * @throws what the disk says; a file that is there stays as it is
   */
  constructor(path: string, folder: string, at: number) {
    this.#folder = folder;
    this.#at = new Date(at);
    const file = createWriteStream(path, { fd: openSync(path, 'wx', 0o600) });
    this.#written = pipeline(this.#pack, createGzip(), file);
    // told by `close`
    this.#written.catch(() => {});
  }

  /** @returns whether all of the text is in it */
  add(name: string, text: string): boolean {
    const most = Math.min(MOST.file, this.#room);
    const whole = text.length <= most;
    const kept = whole ? text : `${text.slice(0, most)}\n[cut: ${text.length - most} characters more]\n`;
    this.#room -= Math.min(text.length, most);
    this.#pack.entry({ name: `${this.#folder}/${name}`, mode: 0o600, mtime: this.#at }, kept);
    return whole;
  }

  /** Rejects with what the disk said. */
  async close(): Promise<void> {
    this.#pack.finalize();
    await this.#written;
  }
}
