import { cleanAddress } from '@kubecity/routing';
import { goDuration } from './go-duration.ts';
import { listenAddress, loopbackAddress } from './listen-address.ts';

type Converted = { readonly value: unknown } | { readonly fault: string };

/** How one field of KubeProxyConfiguration becomes a setting of ours. */
export interface Row {
  readonly from: string;
  readonly to: readonly string[];
  /** `value: undefined` counts as absent. */
  readonly convert: (given: unknown) => Converted;
  /** kube-proxy's default for an absent field, where ours is another. */
  readonly absent?: unknown;
  /** Why a value that is right for kube-proxy is not taken here. */
  readonly declines?: (value: unknown) => string | undefined;
}

/**
 * The fields that mean the same here, with the defaults of v1alpha1 (kube-proxy 1.36). The nftables mode has a section
 * and defaults of its own for node ports; ipvs shares the rest with iptables.
 */
export function rowsFor(mode: string, fields: { readonly bindAddress?: unknown }): Row[] {
  const nftables = mode === 'nftables';
  const section = nftables ? 'nftables' : 'iptables';
  const periods = mode === 'ipvs' ? 'ipvs' : section;
  const [everywhere, loopback] = String(fields.bindAddress ?? '').includes(':')
    ? ['[::]', '[::1]']
    : ['0.0.0.0', '127.0.0.1'];
  return [
    { from: 'hostnameOverride', to: ['nodeName'], convert: text },
    { from: 'clientConnection.kubeconfig', to: ['kubeconfig'], convert: text },
    { from: 'clusterCIDR', to: ['clusterCIDR'], convert: commaList },
    { from: 'detectLocalMode', to: ['localDetect', 'mode'], convert: detectMode },
    { from: 'detectLocal.bridgeInterface', to: ['localDetect', 'bridgeInterface'], convert: text },
    { from: 'detectLocal.interfaceNamePrefix', to: ['localDetect', 'interfaceNamePrefix'], convert: text },
    { from: `${section}.masqueradeAll`, to: ['masqueradeAll'], convert: flag },
    { from: `${section}.masqueradeBit`, to: ['masqueradeMark'], convert: markBit },
    {
      from: `${periods}.minSyncPeriod`,
      to: ['minSyncMs'],
      convert: period,
      absent: mode === 'ipvs' ? undefined : 1000,
    },
    { from: `${periods}.syncPeriod`, to: ['syncPeriodMs'], convert: period, absent: 30_000 },
    ...(nftables
      ? []
      : [{ from: 'iptables.localhostNodePorts', to: ['localhostNodePorts'], convert: flag } satisfies Row]),
    { from: 'nodePortAddresses', to: ['nodePortAddresses'], convert: list, ...(nftables && { absent: ['primary'] }) },
    { from: 'featureGates.AllowServiceExternalIPs', to: ['allowExternalIPs'], convert: flag },
    { from: 'bindAddress', to: ['nodeIPs'], convert: oneAddress },
    { from: 'enableProfiling', to: ['profiling'], convert: flag },
    { from: 'bindAddressHardFail', to: ['bindAddressHardFail'], convert: flag },
    { from: 'healthzBindAddress', to: ['healthListen'], convert: withPort(10256), absent: `${everywhere}:10256` },
    {
      from: 'metricsBindAddress',
      to: ['metricsListen'],
      convert: withPort(10249),
      absent: `${loopback}:10249`,
      declines: (address) =>
        loopbackAddress(String(address)) === undefined && listenAddress(String(address)) !== undefined
          ? 'metrics are not authenticated, so they are served on a loopback address only'
          : undefined,
    },
    { from: 'conntrack.maxPerCore', to: ['conntrack', 'maxPerCore'], convert: whole, absent: 32_768 },
    { from: 'conntrack.min', to: ['conntrack', 'min'], convert: whole, absent: 131_072 },
    {
      from: 'conntrack.tcpEstablishedTimeout',
      to: ['conntrack', 'tcpEstablishedTimeoutSeconds'],
      convert: timeout,
      absent: 86_400,
    },
    {
      from: 'conntrack.tcpCloseWaitTimeout',
      to: ['conntrack', 'tcpCloseWaitTimeoutSeconds'],
      convert: timeout,
      absent: 3600,
    },
    { from: 'conntrack.tcpBeLiberal', to: ['conntrack', 'tcpBeLiberal'], convert: flag },
    { from: 'conntrack.udpTimeout', to: ['conntrack', 'udpTimeoutSeconds'], convert: timeout },
    { from: 'conntrack.udpStreamTimeout', to: ['conntrack', 'udpStreamTimeoutSeconds'], convert: timeout },
  ];
}

/** Gates of kube-proxy 1.36 that are locked on, or whose pages are always served: on says nothing. */
export const GATES_ON: ReadonlySet<string> = new Set([
  'ComponentFlagz',
  'ComponentStatusz',
  'MultiCIDRServiceAllocator',
  'PreferSameTrafficDistribution',
]);

/** Fields, or sections of them, that kube-proxy knows and we leave. */
export const NOT_TAKEN: Readonly<Record<string, string>> = {
  mode: 'routing is done with iptables, whatever did it before',
  ...Object.fromEntries(
    ['iptables', 'nftables'].flatMap((section) =>
      ['localhostNodePorts', 'masqueradeAll', 'masqueradeBit', 'minSyncPeriod', 'syncPeriod'].map((field) => [
        `${section}.${field}`,
        'kube-proxy does not read it in this mode',
      ]),
    ),
  ),
  ipvs: 'nothing here uses IPVS',
  winkernel: 'Windows only',
  windowsRunAsService: 'Windows only',
  featureGates: 'no gate but AllowServiceExternalIPs is read',
  'clientConnection.acceptContentTypes': 'the API is spoken in JSON',
  'clientConnection.contentType': 'the API is spoken in JSON',
  'clientConnection.qps': 'watches need no limit on requests',
  'clientConnection.burst': 'watches need no limit on requests',
  configSyncPeriod: 'the kernel is compared every checkMs instead',
  logging: 'logLevel says how much to log',
  oomScoreAdj: 'the Pod or unit that starts the agent sets it',
  portRange: 'kube-proxy does not use it either',
  showHiddenMetricsForVersion: 'no metrics are hidden',
};

const DETECT_MODES: Readonly<Record<string, string>> = {
  ClusterCIDR: 'clusterCIDR',
  NodeCIDR: 'nodeCIDR',
  BridgeInterface: 'bridgeInterface',
  InterfaceNamePrefix: 'interfaceNamePrefix',
};

function text(given: unknown): Converted {
  return typeof given === 'string' ? { value: given } : { fault: 'not text' };
}

function commaList(given: unknown): Converted {
  return typeof given === 'string' ? { value: given.split(',') } : { fault: 'not text' };
}

function list(given: unknown): Converted {
  return Array.isArray(given) ? { value: given } : { fault: 'not a list' };
}

function flag(given: unknown): Converted {
  return typeof given === 'boolean' ? { value: given } : { fault: 'neither true nor false' };
}

function whole(given: unknown): Converted {
  return typeof given === 'number' && Number.isInteger(given) && given >= 0
    ? { value: given }
    : { fault: 'not a whole number, 0 or more' };
}

function detectMode(given: unknown): Converted {
  const value = DETECT_MODES[String(given)];
  return value === undefined ? { fault: `not one of ${Object.keys(DETECT_MODES).join(', ')}` } : { value };
}

function markBit(given: unknown): Converted {
  const { value, fault } = whole(given) as { value?: number; fault?: string };
  return fault === undefined && value !== undefined && value <= 31 ? { value: 2 ** value } : { fault: 'not 0..31' };
}

/** Milliseconds; zero means the default. */
function period(given: unknown): Converted {
  const milliseconds = typeof given === 'string' ? goDuration(given) : undefined;
  if (milliseconds === undefined || milliseconds < 0) return { fault: 'not a duration such as 30s' };
  return { value: milliseconds === 0 ? undefined : Math.max(1, Math.round(milliseconds)) };
}

/** Seconds; zero leaves the kernel's value. */
function timeout(given: unknown): Converted {
  const milliseconds = typeof given === 'string' ? goDuration(given) : undefined;
  if (milliseconds === undefined || milliseconds < 0) return { fault: 'not a duration such as 1h0m0s' };
  return { value: Math.round(milliseconds / 1000) };
}

/** The address of the node, unless it stands for all of them. */
function oneAddress(given: unknown): Converted {
  const clean = typeof given === 'string' ? cleanAddress(given)?.text : undefined;
  if (clean === undefined) return { fault: 'not an IP address' };
  return { value: clean === '0.0.0.0' || clean === '::' ? undefined : [clean] };
}

/** kube-proxy takes a bare address too. */
function withPort(port: number): (given: unknown) => Converted {
  return (given) => {
    if (typeof given !== 'string') return { fault: 'not text' };
    const bare = cleanAddress(given.replace(/^\[(.*)\]$/, '$1'));
    if (!bare) return { value: given };
    return { value: bare.family === 'IPv6' ? `[${bare.text}]:${port}` : `${bare.text}:${port}` };
  };
}
