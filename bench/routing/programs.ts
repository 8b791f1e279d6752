import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from './machine.ts';
import { METRICS, type RouterCommand } from './router-process.ts';
import { NODE, POD_RANGE } from './world.ts';

const AGENT = join(import.meta.dirname, '../../apps/agent/src/main.ts');

/** The agent with its defaults. @param folder with a `kubeconfig` in it */
export function agentCommand(folder: string): RouterCommand {
  const options = { 'node-name': NODE, kubeconfig: join(folder, 'kubeconfig'), 'cluster-cidr': POD_RANGE };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  return { file: process.execPath, args: [AGENT, ...flags, '--log-level=error'] };
}

/** @param folder with a `kubeconfig` in it; gets the configuration and the tools */
export function kubeProxyCommand(binary: string, folder: string): RouterCommand {
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configuration(join(folder, 'kubeconfig'))));
  return { file: binary, args: ['--config', join(folder, 'config.json'), '--v=0'], env: { PATH: ipv4Only(folder) } };
}

/** Defaults but for what would touch the host, and JSON, the only language of our API server. */
function configuration(kubeconfig: string) {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    hostnameOverride: NODE,
    clusterCIDR: POD_RANGE,
    clientConnection: {
      kubeconfig,
      contentType: 'application/json',
      acceptContentTypes: 'application/json',
      qps: 50,
      burst: 100,
    },
    metricsBindAddress: METRICS,
    healthzBindAddress: '127.0.0.1:10256',
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    iptables: { masqueradeBit: 14, minSyncPeriod: '1s', syncPeriod: '30s' },
  };
}

/** kube-proxy serves each family whose tools it finds: without ip6tables only IPv4, as we do here. */
function ipv4Only(folder: string): string {
  for (const tool of ['iptables', 'iptables-save', 'iptables-restore']) symlinkSync(findTool(tool), join(folder, tool));
  return folder;
}
