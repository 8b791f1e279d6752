import { type Finding, found, ok } from '@kubecity/protocol';
import type { Family } from '@kubecity/routing';
import { SysctlError, type Sysctls } from '../host/sysctl.ts';
import { interfaceNames, isBridge } from './interfaces.ts';

/** Values as the kernel tells them; undefined where it has no such setting. */
export interface SysctlFacts {
  readonly forwarding: Readonly<Partial<Record<Family, string | undefined>>>;
  /** The strictest of all interfaces: 0 off, 1 strict, 2 loose. */
  readonly reversePath: { readonly value: number; readonly interfaces: readonly string[] } | undefined;
  readonly entries: number | undefined;
  readonly most: number | undefined;
  readonly liberal: string | undefined;
  readonly counting: string | undefined;
  readonly bridge: Readonly<Partial<Record<Family, string | undefined>>>;
  /** Names of the Linux bridges here. */
  readonly bridges: readonly string[];
}

const FORWARDING = { IPv4: 'net/ipv4/ip_forward', IPv6: 'net/ipv6/conf/all/forwarding' } as const;
const BRIDGE = {
  IPv4: 'net/bridge/bridge-nf-call-iptables',
  IPv6: 'net/bridge/bridge-nf-call-ip6tables',
} as const;
/** Parts of the connection table in use. */
const FULL = { warning: 0.75, error: 0.95 };

export async function readSysctls(sysctls: Sysctls, families: readonly Family[]): Promise<SysctlFacts> {
  const read = async (name: string) => {
    try {
      return await sysctls.read(name);
    } catch (error) {
      if (error instanceof SysctlError && error.code === 'absent') return undefined;
      throw error;
    }
  };
  const number = async (name: string) => {
    const text = await read(name);
    return text === undefined ? undefined : Number(text);
  };
  const each = async (names: Record<Family, string>) =>
    Object.fromEntries(await Promise.all(families.map(async (family) => [family, await read(names[family])])));
  const interfaces = await interfaceNames();
  const all = await number('net/ipv4/conf/all/rp_filter');
  // the kernel takes the greater of the two
  const filters = await Promise.all(
    interfaces.map(async (name) => {
      const own = (await number(`net/ipv4/conf/${name}/rp_filter`)) ?? 0;
      return { name, value: Math.max(all ?? 0, own) };
    }),
  );
  const strict = filters.filter(({ name, value }) => value === 1 && name !== 'lo').map(({ name }) => name);
  const bridges: string[] = [];
  for (const name of interfaces) if (await isBridge(name)) bridges.push(name);
  return {
    forwarding: await each(FORWARDING),
    reversePath: all === undefined ? undefined : { value: strict.length > 0 ? 1 : all, interfaces: strict },
    entries: await number('net/netfilter/nf_conntrack_count'),
    most: await number('net/netfilter/nf_conntrack_max'),
    liberal: await read('net/netfilter/nf_conntrack_tcp_be_liberal'),
    counting: await read('net/netfilter/nf_conntrack_acct'),
    bridge: await each(BRIDGE),
    bridges,
  };
}

export function judgeSysctls(facts: SysctlFacts): Finding[] {
  return [
    ...forwarding(facts),
    ...reversePath(facts),
    table(facts),
    ...liberal(facts),
    ...counting(facts),
    ...bridged(facts),
  ];
}

const setting = (name: string): string => name.replaceAll('/', '.');
const set = (name: string, value: number): string =>
  `On the host: sysctl -w ${setting(name)}=${value}, and a file in /etc/sysctl.d with ${setting(name)} = ${value}.`;

function forwarding({ forwarding }: SysctlFacts): Finding[] {
  return Object.entries(forwarding).map(([family, value]) => {
    const id = 'sysctl.forwarding';
    const name = FORWARDING[family as Family];
    if (value !== undefined && value !== '0') return ok(id, `${setting(name)} = ${value}`);
    // every kernel speaks IPv6, and few clusters do
    return found(family === 'IPv4' ? 'error' : 'note', id, {
      what: `${setting(name)} is ${value ?? 'not there'}`,
      why: `The node passes no ${family} packets on${family === 'IPv4' ? '' : ', which matters where pods have such addresses'}: pods reach no backend on another node, and node ports lead nowhere.`,
      doThis: set(name, 1),
    });
  });
}

function reversePath({ reversePath }: SysctlFacts): Finding[] {
  if (reversePath === undefined) return [];
  const id = 'sysctl.rp-filter';
  if (reversePath.value !== 1) return [ok(id, `net.ipv4.conf.*.rp_filter is not strict (${reversePath.value})`)];
  const { interfaces } = reversePath;
  const some = interfaces.slice(0, 5).join(', ');
  return [
    found('note', id, {
      what: `rp_filter is strict (1) on ${some}${interfaces.length > 5 ? ` and ${interfaces.length - 5} more` : ''}`,
      why: 'Packets are dropped, without a word, whose answer would leave by another interface: seen with several uplinks and with some CNIs.',
      doThis: `Nothing while all Services answer; else ${set('net/ipv4/conf/all/rp_filter', 2)}`,
    }),
  ];
}

function table({ entries, most }: SysctlFacts): Finding {
  const id = 'sysctl.conntrack-table';
  if (entries === undefined || most === undefined || most === 0) {
    return found('error', id, {
      what: 'the connection table cannot be read: nf_conntrack is not loaded',
      why: 'Without it nothing can be routed and nothing can be counted.',
      doThis: 'On the host: modprobe nf_conntrack.',
    });
  }
  const part = entries / most;
  const what = `the connection table holds ${entries} of at most ${most} entries (${Math.round(part * 100)} %)`;
  if (part < FULL.warning) return ok(id, what);
  return found(part < FULL.error ? 'warning' : 'error', id, {
    what,
    why: 'When it is full, the first packets of new connections are dropped: clients wait and give up.',
    doThis:
      'Raise net.netfilter.nf_conntrack_max on the host, or conntrack.maxPerCore in the configuration of the agent; look on the map for a client that opens too many.',
  });
}

function liberal({ liberal }: SysctlFacts): Finding[] {
  if (liberal === undefined) return [];
  const name = 'net.netfilter.nf_conntrack_tcp_be_liberal';
  const means =
    liberal === '0' ? 'TCP packets out of the window are INVALID, and replace drops them' : 'none is INVALID';
  return [ok('sysctl.tcp-be-liberal', `${name} = ${liberal}: ${means}`)];
}

function counting({ counting }: SysctlFacts): Finding[] {
  const id = 'sysctl.conntrack-acct';
  if (counting === '1') return [ok(id, 'net.netfilter.nf_conntrack_acct = 1: connections are counted')];
  return [
    found('warning', id, {
      what: `net.netfilter.nf_conntrack_acct is ${counting ?? 'not there'}`,
      why: 'Connections have no byte counters, so the map shows how many there are and not what they carry.',
      doThis: `${set('net/netfilter/nf_conntrack_acct', 1)} The agent does it by itself where /proc/sys is writable (kubecity-agent init).`,
    }),
  ];
}

function bridged({ bridge, bridges }: SysctlFacts): Finding[] {
  const id = 'sysctl.bridge-nf-call';
  if (bridges.length === 0) return [ok(id, 'no Linux bridge is here, so bridge-nf-call-iptables does not matter')];
  return Object.entries(bridge).map(([family, value]) => {
    const name = BRIDGE[family as Family];
    if (value === '1') return ok(id, `${setting(name)} = 1`);
    return found('warning', id, {
      what: `${setting(name)} is ${value ?? 'not there (br_netfilter is not loaded)'}, and there is a bridge: ${bridges.slice(0, 5).join(', ')}`,
      why: 'A backend on the same bridge as its client answers past the rules, with its own address: the client takes that for a stranger. NetworkPolicies that the agent enforces are not asked between them either.',
      doThis: `On the host: modprobe br_netfilter. Then ${set(name, 1)}`,
    });
  });
}
