import { PLACES } from './dispatch.ts';
import { gateway } from './gateway.ts';
import { LEASE } from './names.ts';
import type { CompileOptions } from './options.ts';
import type { DoorPlace } from './part.ts';
import { CLOSED, clearMark, hairpin, hasMark, MASQUERADE, TO_LOCAL, words } from './rule.ts';
import type { Chain, Jump, Table } from './ruleset.ts';

/** Through it all others of nat are reached that choose a backend. */
export const SERVICES = 'CITY-SERVICES';
const POSTROUTING = 'CITY-POSTROUTING';
const EXTERNAL = 'CITY-EXTERNAL';
const FORWARD = 'CITY-FORWARD';
const MARTIAN = 'CITY-MARTIAN';

/** Chains that are there whatever the Services are, and that lead to the trees of doors. */
export function fixedChains(
  options: CompileOptions,
  empty: (place: DoorPlace) => boolean,
  clusterRanges: readonly string[],
): Record<Table, Map<string, Chain>> {
  const { before, after } = gateway(clusterRanges, options);
  const nodePorts = empty('nodePorts') ? [] : nodePortEntries(options);
  const nat = new Map<string, Chain>([
    // The tree is jumped to: its branches are entered with goto, which comes back to here and not to the tree.
    [SERVICES, [...before, `-j ${PLACES.services.root}`, ...after, ...nodePorts]],
    [POSTROUTING, postrouting(options)],
  ]);
  if (options.inFront) nat.set(CLOSED, closed(options));
  const filter = new Map<string, Chain>([
    [
      EXTERNAL,
      [
        ...(empty('external') ? [] : [`-j ${PLACES.external.root}`]),
        ...(empty('externalPorts') ? [] : [`${TO_LOCAL} -j ${PLACES.externalPorts.root}`]),
      ],
    ],
    [FORWARD, forward(options)],
  ]);
  if (servesLoopback(options)) filter.set(MARTIAN, martian());
  return { nat, filter };
}

/** Prefix of the node port tree's root: addresses that never serve node ports are sent back. */
export function nodePortExceptions(options: CompileOptions): Chain {
  if (options.family === 'IPv6') return ['-d ::1/128 -j RETURN'];
  return options.localhostNodePorts ? [] : ['-d 127.0.0.0/8 -j RETURN'];
}

function nodePortEntries({ nodePortAddresses }: CompileOptions): Chain {
  const to = `${TO_LOCAL} -j ${PLACES.nodePorts.root}`;
  return nodePortAddresses.length === 0
    ? [to]
    : nodePortAddresses.map((range) => (range.endsWith('/0') ? to : `-d ${range} ${to}`));
}

function servesLoopback({ family, localhostNodePorts }: CompileOptions): boolean {
  return family === 'IPv4' && localhostNodePorts;
}

function postrouting({ family, masqueradeMark: mask }: CompileOptions): Chain {
  return [
    words('-m conntrack --ctstate DNAT', hairpin(family), MASQUERADE),
    words(hasMark(mask, true), '-j RETURN'),
    // Cleared first: a packet that meets these hooks again (a tunnel) must not be rewritten twice.
    clearMark(mask),
    MASQUERADE,
  ];
}

/** What another rule had marked as a gateway's must not be let through FORWARD for that. */
function closed({ masqueradeMark }: CompileOptions): Chain {
  return [clearMark(masqueradeMark), '-j ACCEPT'];
}

/** Lets Service traffic through where the policy of FORWARD is to drop, as kube-proxy does. */
function forward({ family, dropInvalid, masqueradeMark }: CompileOptions): Chain {
  return [
    // A packet that conntrack does not know would leave with a backend's address, and the client would answer RST.
    ...(dropInvalid ? ['-m conntrack --ctstate INVALID -j DROP'] : []),
    words(hasMark(masqueradeMark), '-j ACCEPT'),
    '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    // A pod that was sent to itself is masqueraded without a mark.
    words('-m conntrack --ctstate DNAT', hairpin(family), '-j ACCEPT'),
  ];
}

/** `route_localnet` lets the neighbourhood send to 127.0.0.0/8 of this node: only answers may (CVE-2020-8558). */
function martian(): Chain {
  return ['! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP'];
}

const NEW = '-m conntrack --ctstate NEW';

/**
 * From the kernel's hooks into our chains. In front of another Service proxy those that decide about new connections hold only while
 * the lease does; what acts on our mark or on what was translated stays, for connections that are open.
 */
export function jumps(options: CompileOptions): Jump[] {
  const lease = options.inFront ? `-m set --match-set ${LEASE[options.family]} dst` : '';
  const jump = (table: Table, from: string, chain: string, matches = ''): Jump => ({
    table,
    from,
    rule: words(matches, `-j ${chain}`),
  });
  return [
    jump('nat', 'PREROUTING', SERVICES, lease),
    jump('nat', 'OUTPUT', SERVICES, lease),
    jump('nat', 'POSTROUTING', POSTROUTING),
    // In this order in each of the kernel's chains: nothing is let in before what must be dropped, and what is
    // established passes two rules.
    ...(servesLoopback(options) ? ['INPUT', 'OUTPUT'].map((from) => jump('filter', from, MARTIAN)) : []),
    jump('filter', 'FORWARD', FORWARD),
    ...['INPUT', 'FORWARD', 'OUTPUT'].map((from) => jump('filter', from, PLACES.guard.root, words(NEW, lease))),
    ...['INPUT', 'FORWARD'].map((from) => jump('filter', from, EXTERNAL, words(NEW, lease))),
    // In IPVS mode kube-proxy has cluster IPs on an interface of this node: what is for them is let in, and translated there.
    ...[...(options.inFront ? ['INPUT'] : []), 'FORWARD', 'OUTPUT'].map((from) =>
      jump('filter', from, PLACES.refuse.root, words(NEW, lease)),
    ),
    jump('filter', 'INPUT', PLACES.health.root),
  ];
}
