import {
  ADDRESS,
  type AddressWords,
  emptyFlowRow,
  type FlowRow,
  IP_PROTOCOL,
  parseWords,
  STATUS,
  sameAddress,
} from '@kubecity/conntrack';
import { cleanAddress } from '@kubecity/routing';

const LINE = /^\s*\[DESTROY\] ipv[46] +\d+ tcp +6 (.*) \[UNREPLIED\] (.*)/;

/**
 * Reads a line of `conntrack -E -e DESTROY -p tcp -o extended,id` (conntrack-tools 1.4.7) if it tells of a refused
 * connection: one that ends as UNREPLIED although a packet came back. A SYN-ACK would have taken the mark away, so that
 * packet was the RST with which the kernel ended it. Everything else is undefined, lines without counters too.
 */
export function parseRefusal(line: string): FlowRow | undefined {
  // Most lines are of connections that had an answer: cheaper than the expression.
  if (!line.includes('[UNREPLIED]')) return undefined;
  const [, before, behind] = LINE.exec(line) ?? [];
  if (before === undefined || behind === undefined) return undefined;
  const original = new Fields(before);
  const reply = new Fields(behind);
  const packets = reply.number('packets');
  const id = reply.number('id');
  const source = original.words('src');
  const destination = original.words('dst');
  const replySource = reply.words('src');
  const replyDestination = reply.words('dst');
  if (!packets || id === undefined || !source || !destination || !replySource || !replyDestination) return undefined;
  const row: FlowRow = {
    ...emptyFlowRow(),
    family: source.family,
    protocol: IP_PROTOCOL.tcp,
    // That of a whole entry stands behind both directions.
    zone: original.number('zone-orig') ?? reply.number('zone') ?? 0,
    sourcePort: original.number('sport') ?? 0,
    destinationPort: original.number('dport') ?? 0,
    replySourcePort: reply.number('sport') ?? 0,
    replyDestinationPort: reply.number('dport') ?? 0,
    mark: reply.number('mark') ?? 0,
    id,
    hasCounters: true,
    originalPackets: original.number('packets') ?? 0,
    originalBytes: original.number('bytes') ?? 0,
    replyPackets: packets,
    replyBytes: reply.number('bytes') ?? 0,
  };
  row.words.set(source.words, ADDRESS.source);
  row.words.set(destination.words, ADDRESS.destination);
  row.words.set(replySource.words, ADDRESS.replySource);
  row.words.set(replyDestination.words, ADDRESS.replyDestination);
  row.status = statusOf(row);
  return row;
}

/** The line does not tell: what was translated is what does not answer the way it was asked. */
function statusOf({ words, sourcePort, destinationPort, replySourcePort, replyDestinationPort }: FlowRow): number {
  let status: number = STATUS.confirmed;
  if (destinationPort !== replySourcePort || !sameAddress(words, ADDRESS.destination, words, ADDRESS.replySource)) {
    status |= STATUS.destinationNat;
  }
  if (sourcePort !== replyDestinationPort || !sameAddress(words, ADDRESS.source, words, ADDRESS.replyDestination)) {
    status |= STATUS.sourceNat;
  }
  return status;
}

/** `name=value` words. */
class Fields {
  readonly #values = new Map<string, string>();

  constructor(text: string) {
    for (const word of text.split(' ')) {
      const at = word.indexOf('=');
      if (at > 0) this.#values.set(word.slice(0, at), word.slice(at + 1));
    }
  }

  number(name: string): number | undefined {
    const text = this.#values.get(name);
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  }

  words(name: string): AddressWords | undefined {
    const address = cleanAddress(this.#values.get(name) ?? '');
    return address && parseWords(address.text);
  }
}
