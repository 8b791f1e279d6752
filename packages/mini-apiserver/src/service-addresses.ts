import ipaddr from 'ipaddr.js';
import { listAt, numberAt, stringAt } from './object.ts';
import type { Change } from './store.ts';

export const NODE_PORTS = { first: 30_000, last: 32_767 } as const;

/** Cluster IPs and node ports in use. It learns them from the store's changes, so fixtures count as well. */
export class ServiceAddresses {
  readonly cidr: string;
  readonly #base: number;
  readonly #size: number;
  readonly #ownerOfIp = new Map<string, string>();
  readonly #ownerOfPort = new Map<number, string>();
  #nextOffset: number;
  #nextPort: number = NODE_PORTS.first;

  /** @throws Error when `cidr` is not an IPv4 range of /8 to /30 */
  constructor(cidr: string) {
    if (!ipaddr.IPv4.isValidCIDR(cidr))
      throw new Error(`serviceCidr ${cidr} is not an IPv4 range such as 10.96.0.0/16`);
    const [address, prefix] = ipaddr.IPv4.parseCIDR(cidr);
    if (prefix < 8 || prefix > 30) throw new Error(`serviceCidr ${cidr} must be between /8 and /30`);
    this.cidr = `${ipaddr.IPv4.networkAddressFromCIDR(cidr)}/${prefix}`;
    this.#size = 2 ** (32 - prefix);
    this.#base = toNumber(address.toByteArray()) - (toNumber(address.toByteArray()) % this.#size);
    // Kubernetes keeps the low end of the range for addresses that people pick by hand.
    this.#nextOffset = Math.min(Math.max(16, Math.floor(this.#size / 16)), 256, this.#size - 2);
  }

  contains(ip: string): boolean {
    if (!ipaddr.IPv4.isValidFourPartDecimal(ip)) return false;
    const offset = toNumber(ipaddr.IPv4.parse(ip).toByteArray()) - this.#base;
    return offset > 0 && offset < this.#size - 1;
  }

  /** `namespace/name` of the Service that holds the address. */
  ownerOfIp(ip: string): string | undefined {
    return this.#ownerOfIp.get(ip);
  }

  ownerOfPort(port: number): string | undefined {
    return this.#ownerOfPort.get(port);
  }

  /** A free cluster IP; undefined when the range is used up. It is taken once its Service is stored. */
  freeIp(): string | undefined {
    for (let tries = 0; tries < this.#size - 2; tries++) {
      const ip = toText(this.#base + this.#nextOffset);
      this.#nextOffset = (this.#nextOffset % (this.#size - 2)) + 1;
      if (!this.#ownerOfIp.has(ip)) return ip;
    }
    return undefined;
  }

  /** A free node port outside of `taken`; undefined when all are used. */
  freePort(taken: ReadonlySet<number>): number | undefined {
    for (let tries = NODE_PORTS.first; tries <= NODE_PORTS.last; tries++) {
      const port = this.#nextPort;
      this.#nextPort = port === NODE_PORTS.last ? NODE_PORTS.first : port + 1;
      if (!this.#ownerOfPort.has(port) && !taken.has(port)) return port;
    }
    return undefined;
  }

  /** Follows the store. */
  observe({ resource, type, object, previous }: Change): void {
    if (resource !== '/services') return;
    const owner = `${object.metadata.namespace}/${object.metadata.name}`;
    for (const ip of listAt(previous, 'spec', 'clusterIPs')) this.#release(this.#ownerOfIp, String(ip), owner);
    for (const port of nodePorts(previous)) this.#release(this.#ownerOfPort, port, owner);
    if (type === 'DELETED') return;
    const ips = [...listAt(object, 'spec', 'clusterIPs'), stringAt(object, 'spec', 'clusterIP') ?? 'None'];
    for (const ip of ips) if (ip !== 'None' && ip !== '') this.#ownerOfIp.set(String(ip), owner);
    for (const port of nodePorts(object)) this.#ownerOfPort.set(port, owner);
  }

  #release<K>(owners: Map<K, string>, key: K, owner: string): void {
    if (owners.get(key) === owner) owners.delete(key);
  }
}

function nodePorts(service: Change['previous']): number[] {
  const ports = listAt(service, 'spec', 'ports').map((port) => numberAt(port, 'nodePort') ?? 0);
  return [...ports, numberAt(service, 'spec', 'healthCheckNodePort') ?? 0].filter((port) => port > 0);
}

function toNumber(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
