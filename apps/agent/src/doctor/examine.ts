import type { KubeClient } from '@kubecity/kube';
import { chooseIptables, type Flavour, findKubeProxy, installedIptables, probe } from '@kubecity/netfilter';
import { type Finding, found, type IsolationReport, type RoutesMode, type RoutesReport } from '@kubecity/protocol';
import type { Family } from '@kubecity/routing';
import type { HubAddress } from '../config/agent-config.ts';
import type { Mode } from '../config/mode.ts';
import type { Sysctls } from '../host/sysctl.ts';
import { judgeApi, readApi } from './api.ts';
import { judgeHub, readHub } from './hub.ts';
import { judgeIpvs, judgeIsolation } from './isolation.ts';
import { judgeKernel, readKernel } from './kernel.ts';
import { judgeKubeProxy, readEbpf } from './kube-proxy.ts';
import { judgeRoutes, readRoutes } from './routes.ts';
import { judgeSysctls, readSysctls } from './sysctls.ts';
import { judgeTables, readTables } from './tables.ts';

/** A node and its agent, as far as the checks look at them. */
export interface Patient {
  readonly mode: Mode;
  readonly takeOver: boolean;
  readonly flavour: Flavour | 'auto';
  readonly families: readonly Family[];
  readonly hub: HubAddress | undefined;
  readonly hubTokenFile: string | undefined;
  /** Whether the dashboard has welcomed the agent in this process; undefined where none runs. */
  readonly welcomed: boolean | undefined;
  readonly routes: RoutesMode;
  /** What the agent in this process says of its routes; undefined where none runs. */
  readonly routesReport: RoutesReport | undefined;
  readonly isolation: 'on' | 'off';
  /** What the agent in this process says of the policies that it enforces; undefined where none runs. */
  readonly isolationReport: IsolationReport | undefined;
  readonly client: KubeClient;
  readonly sysctls: Sysctls;
  /** Unix ms. */
  readonly now: () => number;
}

/** Everything that is checked on a node, group by group. A group that cannot be read is a finding itself. */
export async function examine(patient: Patient): Promise<Finding[]> {
  const { mode, takeOver, flavour, families, hub, hubTokenFile, welcomed, client, sysctls, now } = patient;
  const { routes, routesReport, isolation, isolationReport } = patient;
  const groups: Readonly<Record<string, () => Promise<Finding[]>>> = {
    kernel: async () => {
      const { suffix } = await chooseIptables(flavour);
      return judgeKernel(await readKernel(probe(suffix), families), { routes, isolation });
    },
    sysctl: async () => judgeSysctls(await readSysctls(sysctls, families)),
    iptables: async () => {
      const [chosen, host] = [await chooseIptables(flavour), await chooseIptables('auto')];
      return judgeTables({ mode, chosen, host, tables: await readTables(await installedIptables(), families) });
    },
    'kube-proxy': async () => judgeKubeProxy({ mode, takeOver, ...(await findKubeProxy()), ebpf: await readEbpf() }),
    routes: async () => judgeRoutes(await readRoutes(routes, routesReport)),
    isolation: async () => {
      const { kubeProxy } = await findKubeProxy();
      return [...judgeIsolation(isolationReport), ...judgeIpvs({ isolation, mode, kubeProxy })];
    },
    hub: async () => judgeHub(await readHub(hub, hubTokenFile, welcomed)),
    api: async () => judgeApi(await readApi(client, now)),
  };
  const findings: Finding[] = [];
  // one after the other: this runs beside traffic, and nobody waits for milliseconds
  for (const [group, look] of Object.entries(groups)) {
    findings.push(...(await look().catch((error: unknown) => [unreadable(group, error)])));
  }
  return findings;
}

function unreadable(group: string, error: unknown): Finding {
  const message = error instanceof Error ? error.message : String(error);
  return found('error', `${group}.unreadable`, {
    what: `cannot be looked at: ${message}`,
    why: 'What is wrong there is not known, and the agent may fail at the same place.',
    doThis: /not installed/.test(message)
      ? 'Install the program that is named.'
      : 'Run this as root in the network namespace of the host, with CAP_NET_ADMIN.',
  });
}
