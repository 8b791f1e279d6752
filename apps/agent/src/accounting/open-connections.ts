import {
  ADDRESS,
  FlowDecoder,
  type FlowRow,
  flowIdentity,
  formatWords,
  IP_PROTOCOL,
  isOver,
  packAddress,
  packWords,
} from '@kubecity/conntrack';
import type { ConntrackSource } from '@kubecity/netlink';
import { endFlows } from './flow-ending.ts';
import type { AccountingAnswer, AccountingQuestion, OpenAttempt } from './messages.ts';

export type TableQuestion = Extract<AccountingQuestion, { kind: 'attempts' | 'endAttempts' }>;

export const isTableQuestion = (question: AccountingQuestion): question is TableQuestion =>
  question.kind === 'attempts' || question.kind === 'endAttempts';

export interface OpenConnectionsOptions {
  readonly conntrack: Pick<ConntrackSource, 'dump' | 'delete'>;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
  /** Processor time of this process so far, milliseconds. */
  readonly cpu: () => number;
  readonly signal: AbortSignal;
}

const NAMES: Readonly<Record<number, OpenAttempt[2]>> = {
  [IP_PROTOCOL.tcp]: 'TCP',
  [IP_PROTOCOL.udp]: 'UDP',
  [IP_PROTOCOL.sctp]: 'SCTP',
};
/** What is not ended by then is `left`. */
const END_WITHIN_MS = 15_000;

/**
 * The kernel's connections by what opened them, which is all that policies ask about: thousands of connections of one client to
 * one server are one attempt. Each question reads the table anew and keeps nothing.
 */
export class OpenConnections {
  readonly #options: OpenConnectionsOptions;
  /** One dump at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: OpenConnectionsOptions) {
    this.#options = options;
  }

  answer(question: TableQuestion): Promise<AccountingAnswer> {
    const answer = this.#turn.then(() => (question.kind === 'attempts' ? this.#list(question) : this.#end(question)));
    // Whoever asked hears of a failure; the next one has its turn all the same.
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #list({ addresses }: Extract<TableQuestion, { kind: 'attempts' }>): Promise<AccountingAnswer> {
    const { cpu } = this.#options;
    const begun = cpu();
    const wanted = new Set(addresses.map(packAddress));
    const found = new Map<string, OpenAttempt>();
    const whole = await this.#read((row) => {
      const { family, words } = row;
      const isWanted =
        wanted.has(packWords(family, words, ADDRESS.source)) ||
        wanted.has(packWords(family, words, ADDRESS.replySource));
      const key = isWanted ? keyOfRow(row) : '';
      if (isWanted && !found.has(key)) found.set(key, attemptOf(row));
    });
    return { kind: 'attempts', attempts: [...found.values()], whole, cpuMs: cpu() - begun };
  }

  async #end({ attempts, perSecond }: Extract<TableQuestion, { kind: 'endAttempts' }>): Promise<AccountingAnswer> {
    const { conntrack, now, signal } = this.#options;
    const doomed = new Set(attempts.map(keyOfAttempt));
    const identities = new Map<string, Uint8Array>();
    await this.#read((row) => {
      if (!doomed.has(keyOfRow(row))) return;
      const identity = flowIdentity(row);
      // A dump that was run again shows them twice.
      identities.set(identity.join(), identity);
    });
    const all = [...identities.values()];
    let tried = 0;
    const counting = {
      delete: (batch: readonly Uint8Array[]) => {
        tried += batch.length;
        return conntrack.delete(batch);
      },
    };
    const ended = await endFlows({
      conntrack: counting,
      identities: all,
      perSecond,
      withinMs: END_WITHIN_MS,
      now,
      signal,
    });
    return { kind: 'endAttempts', ended, left: all.length - tried };
  }

  /** @returns whether these are all; what is over already is passed over */
  async #read(each: (row: FlowRow) => void): Promise<boolean> {
    const decoder = new FlowDecoder((row) => {
      if (NAMES[row.protocol] === undefined) return;
      if (row.protocol === IP_PROTOCOL.tcp && isOver(row.tcpState)) return;
      each(row);
    });
    const { interrupted } = await this.#options.conntrack.dump((bytes) => decoder.read(bytes));
    return !interrupted;
  }
}

function attemptOf({ family, words, protocol, replySourcePort }: FlowRow): OpenAttempt {
  const from = formatWords(family, words, ADDRESS.source);
  const to = formatWords(family, words, ADDRESS.replySource);
  return [from, to, NAMES[protocol] as OpenAttempt[2], replySourcePort];
}

const keyOfRow = ({ family, words, protocol, replySourcePort }: FlowRow): string =>
  packWords(family, words, ADDRESS.source) +
  packWords(family, words, ADDRESS.replySource) +
  String.fromCharCode(protocol, replySourcePort);

const keyOfAttempt = ([from, to, protocol, port]: OpenAttempt): string =>
  packAddress(from) + packAddress(to) + String.fromCharCode(IP_PROTOCOL[protocol.toLowerCase() as 'tcp'], port);
