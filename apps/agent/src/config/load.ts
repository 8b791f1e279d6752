import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { familyOf } from '@kubecity/routing';
import {
  type AgentConfig,
  ConfigError,
  type HubAddress,
  type NamespacedName,
  type ProxyConfig,
} from './agent-config.ts';
import { flagOf, type Invocation, variableOf } from './command-line.ts';
import { type ReadFile, readMapping } from './config-file.ts';
import { type NotTaken, readKubeProxyFile } from './kube-proxy-file.ts';
import { type Layer, layer, type Merged, merge } from './layer.ts';
import { hostPort } from './listen-address.ts';
import { pathText, type SettingPath } from './setting-path.ts';
import { DEFAULTS } from './settings.ts';

export interface LoadedConfig extends Merged {
  readonly config: AgentConfig;
  /** Fields of kube-proxy's file without effect. */
  readonly notTaken: readonly NotTaken[];
  /** Every file that was read, with its text. */
  readonly files: ReadonlyMap<string, string>;
}

export interface Machine {
  readonly readFile: ReadFile;
  readonly hostname: () => string;
}

const thisMachine: Machine = { readFile: (file) => readFileSync(file, 'utf8'), hostname };

/** Reads and checks everything. @throws ConfigError */
export function loadConfig(invocation: Invocation, machine = thisMachine): LoadedConfig {
  const files = new Map<string, string>();
  const readFile = (file: string) => {
    const text = machine.readFile(file);
    files.set(file, text);
    return text;
  };
  const { configFile, kubeProxyFile, flags, environment } = invocation;
  const faults: string[] = [];
  const checked = <T>(read: () => T): T[] => {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.faults);
      return [];
    }
  };
  const kubeProxy = kubeProxyFile === undefined ? [] : checked(() => readKubeProxyFile(kubeProxyFile, readFile));
  const layers = [
    layer(DEFAULTS, () => 'default'),
    ...kubeProxy.map((found) => found.layer),
    ...(configFile === undefined ? [] : checked(() => fileLayer(configFile, readFile))),
    ...checked(() => layer(environment, (path) => variableOf(names(path)))),
    ...checked(() => layer(flags, (path) => flagOf(names(path)))),
  ];
  if (!layers.some(({ settings }) => settings.nodeName !== undefined)) {
    layers.unshift(...checked(() => layer({ nodeName: machine.hostname().trim() }, () => "the host's name")));
  }
  if (faults.length > 0) throw new ConfigError(faults);
  const merged = merge(layers);
  const config = assemble(merged, layers, machine);
  return {
    ...merged,
    settings: { ...merged.settings, ...clusterSettings(config) },
    config,
    notTaken: kubeProxy.flatMap((found) => found.notTaken),
    files,
  };
}

/** Without the way to the API that a stronger source has overruled. */
const clusterSettings = ({ kubeconfig, kubeSocket }: AgentConfig) => ({ kubeconfig, kubeSocket });

function fileLayer(file: string, readFile: ReadFile): Layer {
  const raw = readMapping(file, readFile);
  if (raw.kind === 'KubeProxyConfiguration' || raw.kind === 'ConfigMap') {
    throw new ConfigError([`${file}: kind: ${JSON.stringify(raw.kind)}: give it with --kube-proxy-config`]);
  }
  return layer(raw, (path) => `${file}: ${pathText(path)}`);
}

const names = (path: SettingPath): string[] => path.filter((step) => typeof step === 'string');

/** The rules that hold between settings. */
function assemble(merged: Merged, layers: readonly Layer[], machine: Machine): AgentConfig {
  const { settings, origins } = merged;
  const faults: string[] = [];
  const at = (path: string) => origins.get(path) ?? path;
  const { hub, hubTokenFile, minSyncMs, syncPeriodMs, localDetect, healthListen, metricsListen } = settings;
  if (hub !== undefined && hubTokenFile === undefined) faults.push(`${at('hub')}: needs hubTokenFile too`);
  if ((minSyncMs ?? 0) > (syncPeriodMs ?? 0)) {
    faults.push(`${at('minSyncMs')}: ${minSyncMs}: more than syncPeriodMs, ${syncPeriodMs} (${at('syncPeriodMs')})`);
  }
  for (const mode of ['bridgeInterface', 'interfaceNamePrefix'] as const) {
    if (localDetect?.mode === mode && localDetect[mode] === undefined) {
      faults.push(`${at('localDetect.mode')}: ${mode}: needs localDetect.${mode} too`);
    }
  }
  if (healthListen === metricsListen && healthListen !== 'off' && !healthListen?.endsWith(':0')) {
    faults.push(`${at('healthListen')}: ${healthListen}: taken by metricsListen (${at('metricsListen')})`);
  }
  const cluster = clusterAccess(layers, faults);
  if (hub !== undefined && hubTokenFile !== undefined) checkToken(hubTokenFile, at, machine, faults);
  const trust = hubTrust(settings, at, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    ...required(settings, [
      'nodeName',
      'mode',
      'takeOver',
      'isolation',
      'isolationRefusal',
      'isolationOwnNode',
      'leaseSeconds',
      'iptablesFlavour',
      'allowExternalIPs',
      'profiling',
      'bindAddressHardFail',
      'logLevel',
      'minSyncMs',
      'syncPeriodMs',
      'checkMs',
      'accountingMs',
      'accountingCpuPercent',
      'accountingDirect',
      'routes',
      'vxlanId',
      'vxlanPort',
    ]),
    ...cluster,
    ...(settings.daemonSet !== undefined && { daemonSet: namespacedName(settings.daemonSet) }),
    proxy: proxyConfig(settings),
    // In kube-proxy's words and ours, zero leaves the kernel's value.
    conntrack: Object.fromEntries(Object.entries(settings.conntrack ?? {}).filter(([, value]) => value)),
    ...(hub !== undefined && { hub: hubAddress(hub), hubTokenFile, ...(trust && { hubTrust: trust }) }),
    ...(healthListen !== undefined && healthListen !== 'off' && { health: hostPort(healthListen) }),
    ...(metricsListen !== undefined && metricsListen !== 'off' && { metrics: hostPort(metricsListen) }),
  };
}

/** `namespace/name`, as the schema has let it through. */
function namespacedName(text: string): NamespacedName {
  const [namespace = '', name = ''] = text.split('/');
  return { namespace, name };
}

/** The way to the API of the strongest source that names one: a socket by flag beats a kubeconfig in a file. */
function clusterAccess(layers: readonly Layer[], faults: string[]): Pick<AgentConfig, 'kubeconfig' | 'kubeSocket'> {
  const strongest = layers.findLast(
    ({ settings }) => settings.kubeconfig !== undefined || settings.kubeSocket !== undefined,
  );
  if (!strongest) return {};
  const { kubeconfig, kubeSocket } = strongest.settings;
  if (kubeconfig !== undefined && kubeSocket !== undefined) {
    faults.push(`${strongest.where(['kubeSocket'])}: contradicts ${strongest.where(['kubeconfig'])}`);
  }
  return { ...(kubeconfig !== undefined && { kubeconfig }), ...(kubeSocket !== undefined && { kubeSocket }) };
}

function proxyConfig(settings: Merged['settings']): ProxyConfig {
  const { localDetect = {}, clusterCIDR = [], masqueradeMark } = settings;
  const { mode = 'none', bridgeInterface, interfaceNamePrefix } = localDetect;
  return {
    ...required(settings, ['masqueradeAll', 'nodePortAddresses', 'localhostNodePorts', 'nodeIPs']),
    clusterCIDRs: Object.fromEntries(clusterCIDR.map((range) => [familyOf(range), range])),
    localDetect: {
      mode,
      ...(mode === 'bridgeInterface' && bridgeInterface !== undefined && { bridgeInterface }),
      ...(mode === 'interfaceNamePrefix' && interfaceNamePrefix !== undefined && { interfaceNamePrefix }),
    },
    masqueradeMark: Number(masqueradeMark),
  };
}

/** Settings that the defaults always fill. */
function required<K extends keyof Merged['settings']>(settings: Merged['settings'], keys: readonly K[]) {
  return Object.fromEntries(keys.map((key) => [key, settings[key]])) as {
    readonly [key in K]: NonNullable<Merged['settings'][key]>;
  };
}

function hubAddress(text: string): HubAddress {
  return text.startsWith('unix:') ? { socketPath: text.slice('unix:'.length) } : { url: text };
}

function hubTrust(
  { hub, hubCAFile: file, hubCAConfigMap: configMap }: Merged['settings'],
  at: (path: string) => string,
  faults: string[],
): AgentConfig['hubTrust'] {
  if (file !== undefined && configMap !== undefined)
    faults.push(`${at('hubCAConfigMap')}: contradicts ${at('hubCAFile')}`);
  const [name, given] = file === undefined ? (['hubCAConfigMap', configMap] as const) : (['hubCAFile', file] as const);
  if (given === undefined) return undefined;
  if (!hub?.startsWith('https:')) faults.push(`${at(name)}: only a dashboard at https:// has a certificate`);
  return file === undefined ? { configMap: namespacedName(given) } : { file };
}

/** A projected token changes every hour: it is read when it is used, and is no reason to look at the settings anew. */
function checkToken(file: string, at: (path: string) => string, { readFile }: Machine, faults: string[]): void {
  try {
    if (readFile(file).trim() === '') faults.push(`${at('hubTokenFile')}: ${file} is empty`);
  } catch (error) {
    faults.push(`${at('hubTokenFile')}: ${(error as Error).message}`);
  }
}
