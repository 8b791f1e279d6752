import { routesMode } from '@kubecity/protocol';
import { cleanAddress, cleanRange, familyOf } from '@kubecity/routing';
import { DEFAULT_MASQUERADE_MARK } from '@kubecity/ruleset';
import { z } from 'zod';
import { listenAddress, loopbackAddress } from './listen-address.ts';
import { LOG_LEVELS } from './log-level.ts';
import { MODES } from './mode.ts';

/** A text that `parse` turns into its canonical form; `hint` says what was expected. */
function canonical(hint: string, parse: (text: string) => string | undefined) {
  return z.string().transform((text, context) => {
    const clean = parse(text);
    if (clean !== undefined) return clean;
    context.addIssue({ code: 'custom', message: hint });
    return z.NEVER;
  });
}

const range = canonical('not a range such as 10.244.0.0/16 or fd00:10::/56', (text) => cleanRange(text)?.text);
const address = canonical('not an IP address of one host', (text) => {
  const clean = cleanAddress(text)?.text;
  return clean === '0.0.0.0' || clean === '::' ? undefined : clean;
});
const rangeOrPrimary = canonical('neither a range such as 192.168.0.0/16 nor the word primary', (text) =>
  text === 'primary' ? text : cleanRange(text)?.text,
);

const ONE_PER_FAMILY = 'at most one per IP family';
const perFamily = (one: typeof range) =>
  z
    .array(one)
    .max(2, ONE_PER_FAMILY)
    .refine((texts) => new Set(texts.map(familyOf)).size === texts.length, ONE_PER_FAMILY);

const NODE_NAME = /^[A-Za-z0-9]([-A-Za-z0-9.]{0,251}[A-Za-z0-9])?$/;
const nodeName = z.string().trim().regex(NODE_NAME, 'not the name of a Node').toLowerCase();
const file = z.string().min(1, 'empty');
const HOST_PORT = 'not host:port (IPv6 in brackets) or off';
/** Kernel: at most 15 bytes, no slash, no white space. A prefix is shorter than a whole name. */
const interfaceName = z.string().regex(/^[^\s/]{1,15}$/, 'not the name of a network interface');
const whole = (least: number, most: number) => {
  const error = `not a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};
/** A day at most: far below what timers can count. */
const milliseconds = (least: number) => whole(least, 86_400_000);
const seconds = whole(0, 31_536_000);
const entries = whole(0, 2 ** 31 - 1);

const oneBit = z
  .union([z.string(), z.int()], { error: 'not exactly one bit of 32, such as 0x2000' })
  .transform((value, context) => {
    const mask = Number(value);
    const bit = Math.log2(mask);
    if (value !== '' && Number.isInteger(bit) && bit >= 0 && bit <= 31) return `0x${mask.toString(16)}`;
    context.addIssue({ code: 'custom', message: 'not exactly one bit of 32, such as 0x2000' });
    return z.NEVER;
  });

const hubAddress = canonical('not http://host:port, https://host:port or unix:/path', (text) =>
  /^(unix:\/|https?:\/\/)./.test(text) ? text : undefined,
);

const namespacedName = canonical('not namespace/name', (text) =>
  /^[a-z0-9][-a-z0-9]{0,62}\/[a-z0-9][-a-z0-9.]{0,252}$/.test(text) ? text : undefined,
);

const setting = <T extends z.ZodType>(description: string, value: T) => value.meta({ description }).optional();

const localDetect = z.strictObject({
  mode: setting(
    "how a packet of this node's own pods is told from others",
    z.enum(['clusterCIDR', 'nodeCIDR', 'bridgeInterface', 'interfaceNamePrefix', 'none']),
  ),
  bridgeInterface: setting('bridge of the pods, in mode bridgeInterface', interfaceName),
  interfaceNamePrefix: setting("how pods' interfaces are named, in mode interfaceNamePrefix", interfaceName),
});

const conntrack = z.strictObject({
  maxPerCore: setting('size of the connection table per CPU core; 0 leaves it', entries),
  min: setting('least size of the connection table, where maxPerCore is set', entries),
  tcpEstablishedTimeoutSeconds: setting('life of an idle TCP connection; 0 leaves it', seconds),
  tcpCloseWaitTimeoutSeconds: setting('life of a half-closed TCP connection; 0 leaves it', seconds),
  tcpBeLiberal: setting('accept TCP packets outside the window', z.boolean()),
  udpTimeoutSeconds: setting('life of an unanswered UDP flow; 0 leaves it', seconds),
  udpStreamTimeoutSeconds: setting('life of an answered UDP flow; 0 leaves it', seconds),
});

/**
 * Every setting, as a file writes it. Flags (`--cluster-cidr`), variables (`KUBECITY_CLUSTER_CIDR`), the published JSON
 * schema and the help text are made from this one list. Parsed values are canonical and may be written to a file again.
 */
export const settingsSchema = z
  .strictObject({
    nodeName: setting("name of this Node in the cluster; the host's name when absent", nodeName),
    mode: setting(
      'observe: program nothing; steer: program the Services that overrides act on, in front of kube-proxy; replace: be the Service proxy of this node',
      z.enum(MODES),
    ),
    takeOver: setting('mode replace: also on a node where kube-proxy has rules for Services', z.boolean()),
    isolation: setting(
      'on: enforce every NetworkPolicy of the cluster for the pods of this node; off: leave that to others',
      z.enum(['off', 'on']),
    ),
    isolationRefusal: setting(
      'what a connection gets that no policy allows: reject answers at once, drop is silent',
      z.enum(['reject', 'drop']),
    ),
    isolationOwnNode: setting(
      'exempt: what pods open to their own node passes every policy; filter: their egress policies are asked',
      z.enum(['exempt', 'filter']),
    ),
    leaseSeconds: setting('mode steer: how long the rules go on matching without this agent', whole(3, 300)),
    iptablesFlavour: setting(
      'whose tables rules are written into: nft, legacy, or auto for the ones that the host uses',
      z.enum(['auto', 'nft', 'legacy']),
    ),
    kubeconfig: setting("kubeconfig of the cluster; without it and kubeSocket: the Pod's own ServiceAccount", file),
    kubeSocket: setting('Unix socket of the API server', file),
    daemonSet: setting(
      'namespace/name of the DaemonSet that runs this agent: when it is gone as the agent stops, its rules go too',
      namespacedName,
    ),
    clusterCIDR: setting('ranges of pods; clients outside them are masqueraded', perFamily(range)),
    localDetect: localDetect.optional(),
    masqueradeAll: setting('masquerade every client of a cluster IP', z.boolean()),
    masqueradeMark: setting('the packet mark bit that is ours', oneBit),
    nodePortAddresses: setting(
      'ranges of local addresses that serve node ports, or primary; none = all',
      z.array(rangeOrPrimary).refine((texts) => texts.length < 2 || !texts.includes('primary'), 'primary stands alone'),
    ),
    localhostNodePorts: setting('node ports on 127.0.0.1 too', z.boolean()),
    allowExternalIPs: setting('doors at spec.externalIPs of Services', z.boolean()),
    nodeIPs: setting("this node's addresses, instead of those of its Node object", perFamily(address)),
    hub: setting('dashboard: http(s)://host:port or unix:/path', hubAddress),
    hubTokenFile: setting(
      'file with the token that proves to the dashboard who we are, read anew at each connection',
      file,
    ),
    hubCAFile: setting(
      'file with the certificates by which the dashboard is known, read anew when it has another',
      file,
    ),
    hubCAConfigMap: setting(
      'namespace/name of the ConfigMap where the dashboard tells its certificate, instead of hubCAFile',
      namespacedName,
    ),
    healthListen: setting('/healthz and /livez, or off', canonical(HOST_PORT, listenAddress)),
    metricsListen: setting(
      '/metrics, /healthz, /configz, /statusz, /flagz and more on a loopback address, or off',
      canonical('not off or a loopback host:port: metrics are not authenticated', loopbackAddress),
    ),
    profiling: setting('/debug/pprof and /debug/flags/v beside /metrics', z.boolean()),
    bindAddressHardFail: setting('end when an address cannot be bound, instead of trying again', z.boolean()),
    minSyncMs: setting('least time between two changes of the kernel', milliseconds(0)),
    syncPeriodMs: setting(
      'longest pause before a failed change is tried again; unhealthy after twice that',
      milliseconds(10),
    ),
    checkMs: setting('how often the kernel is compared with what it should hold', milliseconds(10)),
    accountingMs: setting('how often connections are read, while the CPU budget allows it', milliseconds(10)),
    accountingCpuPercent: setting(
      'CPU budget of reading connections in percent of one core: they are read less often instead of taking more',
      whole(1, 100),
    ),
    accountingDirect: setting(
      'account connections past every Service too; without it the kernel is asked for translated ones only',
      z.boolean(),
    ),
    conntrack: conntrack.optional(),
    routes: setting(
      "the routes to other nodes' pods: off leaves them to others; direct: to nodes that are reached without a router; auto: to all, by VXLAN where a router is between",
      routesMode,
    ),
    vxlanId: setting('routes auto: number of the virtual network, one for all nodes', whole(1, 2 ** 24 - 1)),
    vxlanPort: setting('routes auto: UDP port of encapsulated packets, one for all nodes', whole(1, 65_535)),
    logLevel: setting('how much to log', z.enum(LOG_LEVELS)),
  })
  .meta({ title: 'Configuration of the Kubecity agent' });

export type Settings = z.output<typeof settingsSchema>;

/** What holds where no source says anything. Everything else is off or absent; `nodeName` is the host's name. */
export const DEFAULTS = {
  mode: 'replace',
  takeOver: false,
  isolation: 'off',
  isolationRefusal: 'reject',
  isolationOwnNode: 'exempt',
  leaseSeconds: 15,
  iptablesFlavour: 'auto',
  clusterCIDR: [],
  localDetect: { mode: 'clusterCIDR' },
  masqueradeAll: false,
  masqueradeMark: `0x${DEFAULT_MASQUERADE_MARK.toString(16)}`,
  nodePortAddresses: [],
  localhostNodePorts: true,
  allowExternalIPs: true,
  nodeIPs: [],
  healthListen: '127.0.0.1:10256',
  metricsListen: '127.0.0.1:10249',
  profiling: false,
  bindAddressHardFail: false,
  minSyncMs: 100,
  syncPeriodMs: 30_000,
  checkMs: 5_000,
  accountingMs: 1000,
  accountingCpuPercent: 2,
  accountingDirect: true,
  routes: 'off',
  vxlanId: 4242,
  vxlanPort: 4789,
  logLevel: 'info',
} satisfies z.input<typeof settingsSchema>;
