import type { Logger } from 'pino';
import { SysctlError, type Sysctls } from './sysctl.ts';

/** Size and patience of the connection table. What is absent is left as it is; so is what is 0, unless said otherwise. */
export interface ConntrackSettings {
  /** Entries that the table may hold for each CPU, at most 1,048,576 in all; 0 leaves the size alone whatever `min` is. */
  readonly maxPerCore?: number;
  /** Entries that the table may hold at least, however few CPUs there are; not capped. */
  readonly min?: number;
  readonly tcpEstablishedTimeoutSeconds?: number;
  readonly tcpCloseWaitTimeoutSeconds?: number;
  /** True: packets out of the window are not INVALID. False is left alone, like absent. */
  readonly tcpBeLiberal?: boolean;
  readonly udpTimeoutSeconds?: number;
  readonly udpStreamTimeoutSeconds?: number;
}

export interface ConntrackSettingsResult {
  /** `name=value` of each setting that was not so before. */
  readonly written: readonly string[];
  /** What could not be done. The settings behind it were still tried. */
  readonly failed: readonly SysctlError[];
}

export interface ConntrackSettingsDoors {
  readonly sysctls: Sysctls;
  /** Parameters of the module nf_conntrack: `openSysctls(CONNTRACK_MODULE)`. */
  readonly module: Sysctls;
  readonly cpus: number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export const CONNTRACK_MODULE = '/sys/module/nf_conntrack/parameters';

const NETFILTER = 'net/netfilter';
/** Beyond this the kernel warns of too many buckets, and CPUs are no measure of connections any more (kube-proxy's bound). */
const MOST_BY_CORES = 1_048_576;
/** Entries in a bucket of a full table: the kernel's own ratio of old, and kube-proxy's. */
const ENTRIES_PER_BUCKET = 4;

/** Applies the settings, each for itself; logs what it changed and what it could not. */
export async function applyConntrackSettings(
  settings: ConntrackSettings,
  doors: ConntrackSettingsDoors,
): Promise<ConntrackSettingsResult> {
  const { sysctls, module, cpus, log } = doors;
  const written: string[] = [];
  const failed: SysctlError[] = [];
  const attempt = async (act: () => Promise<string | undefined>) => {
    try {
      const done = await act();
      if (done !== undefined) written.push(done);
    } catch (error) {
      if (!(error instanceof SysctlError)) throw error;
      failed.push(error);
      log.warn({ err: error }, 'a connection tracking setting is not as configured');
    }
  };

  const max = wantedMax(settings, cpus);
  if (max !== undefined) {
    await attempt(() => ensureMax(sysctls, max));
    await attempt(() => raiseBuckets(module, Math.floor(max / ENTRIES_PER_BUCKET)));
  }
  for (const [name, value] of plainSettings(settings)) await attempt(() => ensure(sysctls, name, value));
  if (written.length > 0) log.info({ written }, 'connection tracking settings changed');
  return { written, failed };
}

/** How many entries the table should hold; undefined = as many as it does. */
export function wantedMax({ maxPerCore, min = 0 }: ConntrackSettings, cpus: number): number | undefined {
  if (maxPerCore === 0) return undefined;
  const max = Math.max(min, Math.min((maxPerCore ?? 0) * cpus, MOST_BY_CORES));
  return max > 0 ? max : undefined;
}

/** Whether the kernel takes TCP packets out of the window as they come; false while conntrack is not loaded (its default). */
export async function tcpIsLiberal(sysctls: Sysctls): Promise<boolean> {
  try {
    return (await sysctls.read(`${NETFILTER}/nf_conntrack_tcp_be_liberal`)) !== '0';
  } catch (error) {
    if (error instanceof SysctlError && error.code === 'absent') return false;
    throw error;
  }
}

function plainSettings(settings: ConntrackSettings): [name: string, value: number][] {
  const wanted: [string, number | undefined][] = [
    ['nf_conntrack_tcp_timeout_established', settings.tcpEstablishedTimeoutSeconds],
    ['nf_conntrack_tcp_timeout_close_wait', settings.tcpCloseWaitTimeoutSeconds],
    ['nf_conntrack_tcp_be_liberal', settings.tcpBeLiberal ? 1 : undefined],
    ['nf_conntrack_udp_timeout', settings.udpTimeoutSeconds],
    ['nf_conntrack_udp_timeout_stream', settings.udpStreamTimeoutSeconds],
  ];
  return wanted.flatMap(([name, value]) => (value ? [[`${NETFILTER}/${name}`, value]] : []));
}

async function ensure(sysctls: Sysctls, name: string, value: number): Promise<string | undefined> {
  return (await sysctls.ensure(name, value)) === 'written' ? `${name}=${value}` : undefined;
}

/** The table is one for all network namespaces of the host, and only the first of them may say how large it is. */
async function ensureMax(sysctls: Sysctls, max: number): Promise<string | undefined> {
  const name = `${NETFILTER}/nf_conntrack_max`;
  try {
    return await ensure(sysctls, name, max);
  } catch (error) {
    if (!(error instanceof SysctlError) || error.code !== 'readOnly') throw error;
    throw new SysctlError(name, 'readOnly', `${messageOf(error)} (only the host's own network namespace may)`, error);
  }
}

async function raiseBuckets(module: Sysctls, buckets: number): Promise<string | undefined> {
  if (Number(await module.read('hashsize')) >= buckets) return undefined;
  return ensure(module, 'hashsize', buckets);
}

const messageOf = ({ message, setting }: SysctlError): string => message.slice(`${setting}: `.length);
