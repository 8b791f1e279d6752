import { type FlowRow, IP_PROTOCOL, STATUS, TCP_STATE } from './flow-row.ts';

/** First port that a Linux client takes by itself (net.ipv4.ip_local_port_range). Servers listen below it. */
const FIRST_EPHEMERAL = 32_768;

/**
 * A TCP entry that the kernel made from the middle of a connection, with client and server changed places: a packet of the
 * server that comes after its entry has ended begins a new one (nf_conntrack_tcp_loose = 1, the default). Known by a server's
 * port that calls a client's, and by a handshake that nobody saw. Its connection was counted when it had its own entry;
 * taken for one of its own it would be an edge from the server to its client, and another for each port of the client.
 */
export function isPickedUpBackwards(row: FlowRow): boolean {
  return (
    row.protocol === IP_PROTOCOL.tcp &&
    (row.status & STATUS.destinationNat) === 0 &&
    row.sourcePort < FIRST_EPHEMERAL &&
    row.destinationPort >= FIRST_EPHEMERAL &&
    row.tcpState !== TCP_STATE.synSent &&
    row.tcpState !== TCP_STATE.synReceived
  );
}
