/** An IPv4 or IPv6 address as a number, with how many bits it has. */
export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** `10.244.3.7`, `fd00::5`; undefined for anything else. */
export function addressFrom(text: string): Address | undefined {
  return text.includes(':') ? six(text) : four(text);
}

function four(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return { bits: 32, value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
}

/** RFC 4291, with one `::` at most; a dotted tail is not read. */
function six(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return { bits: 128, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}

/** Is it in `203.0.113.0/24`? A bare address is a network of one. */
export function isWithin(address: Address, network: string): boolean {
  const [base = '', length] = network.split('/');
  const of = addressFrom(base);
  if (!of || of.bits !== address.bits) return false;
  const kept = length === undefined ? of.bits : Number(length);
  if (!Number.isInteger(kept) || kept < 0 || kept > of.bits) return false;
  const rest = BigInt(of.bits - kept);
  return address.value >> rest === of.value >> rest;
}

/** What a person pastes: `10.244.3.7`, `10.244.3.7:8080`, `[fd00::5]:8080`, `fd00::5`. */
export interface Socket {
  readonly address: Address;
  readonly text: string;
  readonly port?: number;
}

export function socketFrom(pasted: string): Socket | undefined {
  const text = pasted
    .trim()
    .replace(/^who is\s+/i, '')
    .replace(/\?$/, '')
    .trim();
  const match = /^\[([\da-f:]+)\](?::(\d{1,5}))?$/i.exec(text) ?? /^([\d.]+)(?::(\d{1,5}))?$/.exec(text);
  const [, host = text, port] = match ?? [];
  const address = addressFrom(host);
  if (!address || Number(port ?? 0) > 65_535) return undefined;
  return { address, text: host.toLowerCase(), port: port === undefined ? undefined : Number(port) };
}
