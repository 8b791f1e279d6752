import { access, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import type { Probe } from '@kubecity/netfilter';
import { type Finding, found, ok, type RoutesMode } from '@kubecity/protocol';
import type { Family } from '@kubecity/routing';
import { NEEDS, type Need } from './kernel-needs.ts';

export interface KernelFacts {
  /** `uname -r` */
  readonly release: string;
  /** What was asked for, and why the tools or the kernel refuse it. */
  readonly probes: readonly { readonly need: Need; readonly refusal: string | undefined }[];
  /** Undefined: neither loaded nor told by the host's list of modules, which may not be readable here. */
  readonly vxlan: boolean | undefined;
}

/** Kernel.org keeps none older alive, and Kubernetes is not tested with them. */
const OLDEST = { major: 5, minor: 4 };

export async function readKernel(probe: Probe, families: readonly Family[]): Promise<KernelFacts> {
  const probes: { need: Need; refusal: string | undefined }[] = [];
  // one after the other: legacy tools wait for each other's lock
  for (const need of NEEDS) {
    let refusal: string | undefined;
    for (const family of families) refusal ??= await need.ask(probe, family);
    probes.push({ need, refusal });
  }
  return { release: release(), probes, vxlan: await knowsModule('vxlan') };
}

/** What the agent is asked to do. */
export interface Duties {
  readonly routes: RoutesMode;
  readonly isolation: 'on' | 'off';
}

export function judgeKernel({ release, probes, vxlan }: KernelFacts, { routes, isolation }: Duties): Finding[] {
  return [
    version(release),
    ...probes.map(({ need, refusal }) => judgeNeed(need, refusal, isolation)),
    judgeVxlan(vxlan, routes),
  ];
}

function version(release: string): Finding {
  const [, major = 0, minor = 0] = /^(\d+)\.(\d+)/.exec(release)?.map(Number) ?? [];
  const old = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
  if (!old) return ok('kernel.version', `Linux ${release}`);
  return found('warning', 'kernel.version', {
    what: `Linux ${release} is older than ${OLDEST.major}.${OLDEST.minor}`,
    why: 'Kubecity was never run there: rules may be refused, and counters may be missing.',
    doThis: 'Bring the node to a kernel that is still maintained.',
  });
}

function judgeNeed(need: Need, refusal: string | undefined, isolation: Duties['isolation']): Finding {
  const { id, name, without, severity, module } = need;
  if (refusal === undefined) return ok(id, `${name}: there`);
  const isIdle = need.isolation === true && isolation === 'off';
  return found(isIdle ? 'note' : severity, id, {
    what: `${name}: refused: ${refusal}`,
    why: `Without it ${without}.${isIdle ? ' It does not matter while isolation is off.' : ''}`,
    doThis: /not installed/.test(refusal)
      ? 'Install the program that is named, in the image that the agent runs from.'
      : /Permission|CAP_NET_ADMIN/.test(refusal)
        ? 'Run this with CAP_NET_ADMIN in the network namespace of the host.'
        : `Load the module on the host (modprobe ${module}), and at each boot by a file in /etc/modules-load.d.`,
  });
}

function judgeVxlan(vxlan: boolean | undefined, routes: RoutesMode): Finding {
  const id = 'kernel.vxlan';
  if (vxlan) return ok(id, 'VXLAN: there');
  const what = vxlan === undefined ? 'VXLAN: cannot be told from here' : 'VXLAN: not in this kernel';
  if (routes === 'auto') {
    return found('warning', id, {
      what,
      why: 'Nodes behind a router are reached by it (routes: auto): without it their pods are not.',
      doThis:
        'On the host: modprobe vxlan, and a file in /etc/modules-load.d. Nothing, where all nodes are on one network.',
    });
  }
  return found('note', id, {
    what,
    why: 'Kubecity uses it with routes: auto only, but many CNIs join the nodes with it.',
    doThis: 'Nothing, unless pods of this node do not reach those of others: then try modprobe vxlan on the host.',
  });
}

/** Loaded or built in, or a file beside the kernel's others. Undefined where nothing tells. */
async function knowsModule(name: string): Promise<boolean | undefined> {
  const loaded = await access(`/sys/module/${name}`).then(
    () => true,
    () => false,
  );
  if (loaded) return true;
  // absent in a container without the host's /lib/modules
  const lists = await Promise.all(
    ['builtin', 'dep'].map((list) =>
      readFile(`/lib/modules/${release()}/modules.${list}`, 'utf8').catch(() => undefined),
    ),
  );
  const told = lists.filter((list) => list !== undefined);
  return told.length === 0 ? undefined : told.some((list) => list.includes(`/${name}.ko`));
}
