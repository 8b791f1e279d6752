import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { kubeProxyCommand, RULES_ONLY } from '../../apps/agent/testing/kube-proxy-process.ts';
import type { RouterCommand } from '../../apps/agent/testing/router-process.ts';
import { findTool } from './machine.ts';
import { METRICS } from './measured-router.ts';
import { NODE, POD_RANGE } from './world.ts';

const AGENT = join(import.meta.dirname, '../../apps/agent/kubecity-agent');

/** As in the image and in the city: what Node compiled once is kept, so that an agent needs no compiler of TypeScript. */
const COMPILED = join(import.meta.dirname, '../../node_modules/.cache/kubecity-compile');

/** The agent with its defaults. @param folder with a `kubeconfig` in it */
export function agentCommand(folder: string): RouterCommand {
  const options = { 'node-name': NODE, kubeconfig: join(folder, 'kubeconfig'), 'cluster-cidr': POD_RANGE };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const env = { NODE: process.execPath, NODE_COMPILE_CACHE: COMPILED };
  return { file: AGENT, args: [...flags, '--log-level=error'], env };
}

/** @param folder with a `kubeconfig` in it; gets the configuration and the tools */
export function ipv4KubeProxyCommand(binary: string, folder: string): RouterCommand {
  return { ...kubeProxyCommand(binary, folder, CONFIGURATION), env: { PATH: ipv4Only(folder) } };
}

/** Defaults but for what would touch the host. */
const CONFIGURATION = {
  ...RULES_ONLY,
  hostnameOverride: NODE,
  clusterCIDR: POD_RANGE,
  metricsBindAddress: METRICS,
  healthzBindAddress: '127.0.0.1:10256',
  iptables: { masqueradeBit: 14, minSyncPeriod: '1s', syncPeriod: '30s' },
};

/** kube-proxy serves each family whose tools it finds: without ip6tables only IPv4, as we do here. */
function ipv4Only(folder: string): string {
  for (const tool of ['iptables', 'iptables-save', 'iptables-restore']) symlinkSync(findTool(tool), join(folder, tool));
  return folder;
}
