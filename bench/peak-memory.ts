import { readFileSync } from 'node:fs';

const EVERY_MS = 20;

/**
 * Watches a process and all below it. The kernel keeps each one's high-water mark (VmHWM), so sampling misses only what
 * a process took in the last moment of its life.
 */
export class PeakWatch {
  readonly #root: number;
  readonly #peaks = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#look(this.#root), EVERY_MS);
  }

  /** Bytes by program name, as the kernel knows it (15 characters). */
  stop(): ReadonlyMap<string, number> {
    clearInterval(this.#timer);
    return this.#peaks;
  }

  #look(pid: number): void {
    const { name, bytes } = peakOf(pid);
    this.#peaks.set(name, Math.max(this.#peaks.get(name) ?? 0, bytes));
    for (const child of readGone(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean)) {
      this.#look(Number(child));
    }
  }
}

/** Name and high-water mark of one process; no name and 0 once it is gone. */
export function peakOf(pid: number): { readonly name: string; readonly bytes: number } {
  const status = readGone(`/proc/${pid}/status`);
  const name = /^Name:\t(.*)$/m.exec(status)?.[1] ?? '';
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? '0';
  return { name, bytes: Number(kibibytes) * 1024 };
}

/** Processes end while we look at them. */
function readGone(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
