import { emptyFlowRow, type FlowRow, IP_PROTOCOL, parseIPv4, STATUS } from '@kubecity/conntrack';

const LINE =
  /^\s*\[DESTROY\] ipv4 +2 tcp +6 .*?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) packets=(\d+) bytes=(\d+) \[UNREPLIED\] src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) packets=(\d+) bytes=(\d+) .*?id=(\d+)/;

/**
 * Reads a line of `conntrack -E -e DESTROY -p tcp --dst-nat -o extended,id` (conntrack-tools 1.4.7) if it tells of a
 * refused connection: one that ends as UNREPLIED although a packet came back. A SYN-ACK would have taken the mark away,
 * so that packet was the RST with which the kernel ended it. Everything else is undefined, lines without counters too.
 */
export function parseRefusal(line: string): FlowRow | undefined {
  const found = LINE.exec(line);
  if (!found) return undefined;
  const [source, destination, , , , , replySource, replyDestination] = found.slice(1) as string[];
  const number = (group: number) => Number(found[group]);
  if (number(11) === 0) return undefined;
  return {
    ...emptyFlowRow(),
    protocol: IP_PROTOCOL.tcp,
    source: parseIPv4(source as string),
    destination: parseIPv4(destination as string),
    sourcePort: number(3),
    destinationPort: number(4),
    replySource: parseIPv4(replySource as string),
    replyDestination: parseIPv4(replyDestination as string),
    replySourcePort: number(9),
    replyDestinationPort: number(10),
    // The tool was asked for translated entries only.
    status: STATUS.confirmed | STATUS.destinationNat,
    id: number(13),
    hasCounters: true,
    originalPackets: number(5),
    originalBytes: number(6),
    replyPackets: number(11),
    replyBytes: number(12),
  };
}
