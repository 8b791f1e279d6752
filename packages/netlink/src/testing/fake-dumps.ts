import { type ConntrackOperation, conntrackErrors, type NetlinkErrorCode } from '../errors.ts';

/** A fake of what is dumped over netlink, and what a test lays in the way of its dumps. */
export abstract class FakeDumps {
  #closed = false;
  #failures: NetlinkErrorCode[] = [];
  #interruptions = 0;
  #held: Promise<void> | undefined;

  /** The next dumps fail with these codes, one each. */
  failNext(...codes: NetlinkErrorCode[]): void {
    this.#failures.push(...codes);
  }

  /** So many of the next dumps end as interrupted, every attempt spent. */
  interruptNext(count = 1): void {
    this.#interruptions += count;
  }

  /** Dumps do not go on until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  close(): void {
    this.#closed = true;
  }

  protected refuseClosed(operation: ConntrackOperation): void {
    if (this.#closed) throw conntrackErrors.closed(operation);
  }

  /** Waits while dumps are held; the failure that this one is to end with. @throws NetlinkError `closed` */
  protected async passed(): Promise<Error | undefined> {
    await this.#held;
    this.refuseClosed('dump');
    const code = this.#failures.shift();
    return code && conntrackErrors.of('dump', code, `made to fail: ${code}`);
  }

  /** Of a dump that does not fail. */
  protected isInterrupted(): boolean {
    if (this.#interruptions === 0) return false;
    this.#interruptions -= 1;
    return true;
  }
}
