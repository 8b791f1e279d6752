/** The first packet of an SCTP association (RFC 9260, 3.2 and 3.3.2): conntrack takes nothing else for a new one. */
export function sctpInit(sport: number, dport: number): Uint8Array {
  const packet = new Uint8Array(32);
  const view = new DataView(packet.buffer);
  view.setUint16(0, sport);
  view.setUint16(2, dport);
  // Verification tag 0, as only an INIT has it; the checksum comes last.
  view.setUint8(12, 1);
  view.setUint16(14, 20);
  view.setUint32(16, 0x4b43_5459);
  view.setUint32(20, 106_496);
  view.setUint16(24, 1);
  view.setUint16(26, 1);
  view.setUint32(28, 1);
  view.setUint32(8, crc32c(packet), true);
  return packet;
}

/** CRC-32C (Castagnoli), the checksum of RFC 9260, appendix A. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
