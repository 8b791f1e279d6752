/** 0x0a000001 → "10.0.0.1" */
export const formatIPv4 = (address: number): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** "10.0.0.1" → 0x0a000001; throws RangeError when the text is no IPv4 address. */
export function parseIPv4(text: string): number {
  const parts = text.split('.');
  if (parts.length !== 4) throw new RangeError(`no IPv4 address: ${text}`);
  let address = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) throw new RangeError(`no IPv4 address: ${text}`);
    address = address * 256 + Number(part);
  }
  return address;
}
