import { readFile } from 'node:fs/promises';
import type { KubeClient } from '@kubecity/kube';
import type { AgentConfig } from './config/agent-config.ts';
import { HubLink, type HubLinkOptions } from './hub-link.ts';
import { hubTrust } from './hub-trust.ts';

/** The stream to the dashboard, where the configuration names one. */
export function openHub(
  { nodeName, hub, hubTokenFile, hubTrust: trust }: AgentConfig,
  client: KubeClient,
  options: Omit<HubLinkOptions, 'address' | 'token' | 'trust' | 'node'>,
): HubLink | undefined {
  if (!hub || hubTokenFile === undefined) return undefined;
  return new HubLink({
    ...options,
    address: hub,
    token: async () => (await readFile(hubTokenFile, 'utf8')).trim(),
    ...(trust && { trust: hubTrust(trust, client) }),
    node: nodeName,
  });
}
