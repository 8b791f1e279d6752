import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that stands for /proc/sys. */
export class SettingsTree {
  readonly root = mkdtempSync(join(tmpdir(), 'kubecity-sysctl-'));

  set(name: string, value: string | number): void {
    mkdirSync(dirname(this.#file(name)), { recursive: true });
    writeFileSync(this.#file(name), `${value}\n`);
    // A time long past, so that any writing shows.
    utimesSync(this.#file(name), 1, 1);
  }

  /** A setting that the kernel lets nobody write, root neither; its value is `Linux`. */
  setReadOnly(name: string): void {
    mkdirSync(dirname(this.#file(name)), { recursive: true });
    symlinkSync('/proc/sys/kernel/ostype', this.#file(name));
  }

  get(name: string): string {
    return readFileSync(this.#file(name), 'utf8').trim();
  }

  wasWritten(name: string): boolean {
    return statSync(this.#file(name)).mtimeMs > 1000;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.root, name);
  }
}
