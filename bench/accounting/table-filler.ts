import { AnswerProgress, encodeCreateRequest, type FlowRow } from '@kubecity/conntrack';
import { RawNetlinkSocket } from 'netlink';

/** More unread acknowledgements than this can overrun the socket. */
const IN_FLIGHT = 64;
const NETLINK_NETFILTER = 12;

/** Puts entries into the connection table of this network namespace, one request each: some 100,000 a second. */
export class TableFiller {
  // The package declares all its options as needed, though it has a default for each.
  readonly #socket = new RawNetlinkSocket(NETLINK_NETFILTER, { messagePeeking: false, msgBufferSize: 65_536 } as never);
  readonly #waiting: FlowRow[] = [];
  #next = 0;
  #sent = 0;
  #answered = 0;
  #done: PromiseWithResolvers<void> | undefined;

  constructor() {
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('message', (bytes) => this.#answer(bytes));
  }

  /** Resolves when all are in the table. One call at a time. */
  async create(rows: Iterable<FlowRow>): Promise<void> {
    if (this.#done) throw new Error('entries are being made already');
    for (const row of rows) this.#waiting.push(row);
    if (this.#waiting.length === 0) return;
    this.#done = Promise.withResolvers();
    this.#send();
    await this.#done.promise;
  }

  close(): void {
    this.#socket.close();
  }

  #send(): void {
    while (this.#next < this.#waiting.length && this.#sent - this.#answered < IN_FLIGHT) {
      this.#sent += 1;
      const request = encodeCreateRequest(this.#waiting[this.#next++] as FlowRow, this.#sent);
      this.#socket.send(Buffer.from(request.buffer, request.byteOffset, request.byteLength));
    }
  }

  #answer(bytes: Uint8Array): void {
    const progress = new AnswerProgress(this.#answered + 1);
    progress.read(bytes);
    this.#answered += 1;
    if (!progress.finished || progress.errno) this.#fail(new Error(`entry refused: errno ${progress.errno}`));
    else if (this.#answered < this.#sent || this.#next < this.#waiting.length) this.#send();
    else this.#finish();
  }

  #finish(): void {
    this.#waiting.length = 0;
    this.#next = 0;
    const done = this.#done;
    this.#done = undefined;
    done?.resolve();
  }

  #fail(error: Error): void {
    this.#done?.reject(error);
  }
}
