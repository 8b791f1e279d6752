/** A container of a DaemonSet, as far as it says what a network plugin does. */
interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

export interface PluginDaemonSet {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly Container[] } } };
}

/** A network plugin that runs in the cluster. What it does is undefined where nothing here says so. */
export interface NetworkPlugin {
  readonly name: string;
  /** `DaemonSet kube-system/cilium`, or what else gave it away. */
  readonly found: string;
  readonly enforces: boolean | undefined;
  readonly routes: boolean | undefined;
}

type Does = boolean | ((containers: readonly Container[]) => boolean | undefined);

interface Known {
  readonly name: string;
  /** Names of DaemonSets. */
  readonly daemonSet: RegExp;
  readonly enforces: Does;
  readonly routes: Does;
}

const isSwitchedOff = (flag: string) => (containers: readonly Container[]) =>
  !containers.some(({ command = [], args = [] }) => [...command, ...args].includes(`${flag}=false`));

/** From this image on kindnet has kube-network-policies in it (kind 0.24). */
const KINDNET_ENFORCES_SINCE = 20_240_813;

const PLUGINS: readonly Known[] = [
  {
    name: 'Calico',
    daemonSet: /^calico-node$/,
    enforces: true,
    routes: (containers) =>
      !containers.some(({ env }) =>
        env?.some((one) => one.name === 'CALICO_NETWORKING_BACKEND' && one.value === 'none'),
      ),
  },
  { name: 'Canal', daemonSet: /^(rke2-)?canal$/, enforces: true, routes: true },
  { name: 'Cilium', daemonSet: /^(cilium|anetd)$/, enforces: true, routes: true },
  { name: 'Antrea', daemonSet: /^antrea-agent$/, enforces: true, routes: true },
  {
    name: 'kube-router',
    daemonSet: /^kube-router$/,
    enforces: isSwitchedOff('--run-firewall'),
    routes: isSwitchedOff('--run-router'),
  },
  {
    name: 'Weave',
    daemonSet: /^weave-net$/,
    enforces: (containers) => containers.some(({ name }) => name === 'weave-npc'),
    routes: true,
  },
  { name: 'ovn-kubernetes', daemonSet: /^ovnkube-node/, enforces: true, routes: true },
  { name: 'kube-network-policies', daemonSet: /^kube-network-policies$/, enforces: true, routes: false },
  { name: 'Azure NPM', daemonSet: /^azure-npm$/, enforces: true, routes: false },
  { name: 'flannel', daemonSet: /^kube-flannel/, enforces: false, routes: true },
  { name: 'kindnet', daemonSet: /^kindnet$/, enforces: kindnetEnforces, routes: true },
];

function kindnetEnforces(containers: readonly Container[]): boolean | undefined {
  const [, day] = containers.map(({ image = '' }) => /:v(\d{8})\b/.exec(image)).find((match) => match !== null) ?? [];
  return day === undefined ? undefined : Number(day) >= KINDNET_ENFORCES_SINCE;
}

/** @param version of the API server: some distributions have their plugin inside the kubelet */
export function pluginsOf(daemonSets: readonly PluginDaemonSet[], version: string): NetworkPlugin[] {
  const plugins = daemonSets.flatMap(({ metadata: { namespace = 'default', name }, spec }): NetworkPlugin[] => {
    const containers = spec?.template?.spec?.containers ?? [];
    const known = PLUGINS.find(({ daemonSet }) => daemonSet.test(name));
    const does = (what: Does | undefined) => (typeof what === 'function' ? what(containers) : (what ?? false));
    // others take it along, as flannel does where it is asked to
    const isInside = containers.some(({ image = '' }) => /(^|\/)kube-network-policies[:@]/.test(image));
    if (!known && !isInside) return [];
    return [
      {
        name: known?.name ?? 'kube-network-policies',
        found: `DaemonSet ${namespace}/${name}`,
        enforces: isInside || does(known?.enforces),
        routes: does(known?.routes),
      },
    ];
  });
  // it has both inside, and switches for both that only its own command line tells
  if (/\+k3s/.test(version)) plugins.push({ name: 'k3s', found: version, enforces: undefined, routes: undefined });
  return plugins;
}
