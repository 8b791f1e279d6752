import { AnswerProgress } from '@kubecity/conntrack';
import {
  type Dump,
  decodeRows,
  encodeDump,
  encodeLookup,
  encodeStep,
  errnoName,
  type KernelRow,
  KernelState,
  type Step,
  TUNNEL_NAMES,
  type Way,
  wayOf,
  wayOfRefusal,
} from '@kubecity/routes';
import { RawNetlinkSocket } from 'netlink';
import { type Answer, decodeAnswers } from './answers.ts';

const NETLINK_ROUTE = 0;
/** More unread acknowledgements overrun the receive buffer, which ends the process (npm `netlink`). */
const IN_FLIGHT = 64;

/** Sends encoded bytes to the kernel of the network namespace this process is in, and reads what comes back. */
export class KernelDoor {
  readonly #socket: RawNetlinkSocket;
  readonly #encode: typeof encodeStep;
  #sequence = 0;
  #receive: (bytes: Uint8Array) => void = () => {};

  /** @param encode what a step becomes */
  constructor(encode = encodeStep) {
    this.#encode = encode;
    const options = { messagePeeking: false, msgBufferSize: 65_536 } as ConstructorParameters<
      typeof RawNetlinkSocket
    >[1];
    this.#socket = new RawNetlinkSocket(NETLINK_ROUTE, options);
    this.#socket.on('message', (bytes: Uint8Array) => this.#receive(bytes));
    this.#socket.on('error', (error: unknown) => {
      throw error;
    });
  }

  close(): void {
    this.#socket.close();
  }

  /** @throws Error when the kernel refuses the dump */
  async dump(dump: Dump): Promise<KernelRow[]> {
    for (;;) {
      this.#sequence += 1;
      const progress = new AnswerProgress(this.#sequence);
      const rows: KernelRow[] = [];
      await this.#exchange(encodeDump(dump, this.#sequence), (bytes) => {
        progress.read(bytes);
        rows.push(...decodeRows(bytes));
        return progress.finished;
      });
      if (progress.errno !== 0) throw new Error(`dump of ${dump.rows}: ${errnoName(progress.errno)}`);
      if (!progress.interrupted) return rows;
    }
  }

  async state(): Promise<KernelState> {
    const state = new KernelState([
      ...(await this.dump({ rows: 'links' })),
      ...(await this.dump({ rows: 'addresses' })),
      ...(await this.dump({ rows: 'routes', family: 'IPv4' })),
      ...(await this.dump({ rows: 'routes', family: 'IPv6' })),
    ]);
    for (const family of ['IPv4', 'IPv6'] as const) {
      const device = state.linkNamed(TUNNEL_NAMES[family])?.index;
      if (device === undefined) continue;
      for (const row of await this.dump({ rows: 'neighbours', family, device })) state.add(row);
      for (const row of await this.dump({ rows: 'forwarding', device })) state.add(row);
    }
    return state;
  }

  async way(address: string): Promise<Way> {
    this.#sequence += 1;
    let way: Way | undefined;
    await this.#exchange(encodeLookup(address, this.#sequence), (bytes) => {
      for (const { errno } of decodeAnswers(bytes)) way = wayOfRefusal(errno);
      for (const row of decodeRows(bytes)) if (row.row === 'route') way = wayOf(row);
      return way !== undefined;
    });
    return way as Way;
  }

  /** The answer to each step, in order. */
  async send(steps: readonly Step[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let start = 0; start < steps.length; start += IN_FLIGHT) {
      const first = this.#sequence + 1;
      const requests = steps.slice(start, start + IN_FLIGHT).map((step) => this.#encode(step, ++this.#sequence));
      await this.#exchange(Buffer.concat(requests), (bytes) => {
        answers.push(...decodeAnswers(bytes).filter(({ sequence }) => sequence >= first));
        return answers.length === Math.min(steps.length, start + IN_FLIGHT);
      });
    }
    return answers;
  }

  #exchange(request: Uint8Array, read: (bytes: Uint8Array) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#receive = (bytes) => {
        try {
          if (read(bytes)) resolve();
        } catch (error) {
          reject(error);
        }
      };
      this.#socket.send(Buffer.from(request), undefined, (error?: Error | null) => error && reject(error));
    });
  }
}
