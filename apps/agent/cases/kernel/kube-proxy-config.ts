import { type KubeProxyConfiguration, RULES_ONLY } from '../../testing/kube-proxy-process.ts';
import type { PacketCase } from '../packet-case.ts';

/** A case's configuration in kube-proxy's words. */
export function kubeProxyConfiguration({ nodeName, config }: PacketCase): KubeProxyConfiguration {
  const { localDetect, masqueradeAll, localhostNodePorts, nodePortAddresses } = config;
  return {
    ...RULES_ONLY,
    hostnameOverride: nodeName,
    ...detection(localDetect),
    nodePortAddresses,
    iptables: { masqueradeAll, localhostNodePorts, masqueradeBit: 14, minSyncPeriod: '0s', syncPeriod: '1h' },
    metricsBindAddress: '127.0.0.1:10249',
    healthzBindAddress: '127.0.0.1:10256',
  };
}

function detection(detect: PacketCase['config']['localDetect']) {
  switch (detect.mode) {
    case 'ClusterCIDR':
      return { detectLocalMode: 'ClusterCIDR', clusterCIDR: detect.clusterCIDRs.join(',') };
    case 'NodeCIDR':
      return { detectLocalMode: 'NodeCIDR' };
    case 'BridgeInterface':
      return { detectLocalMode: 'BridgeInterface', detectLocal: { bridgeInterface: detect.bridgeInterface } };
    case 'InterfaceNamePrefix':
      return {
        detectLocalMode: 'InterfaceNamePrefix',
        detectLocal: { interfaceNamePrefix: detect.interfaceNamePrefix },
      };
    case 'None':
      // Its way to say so: the mode without a range.
      return { detectLocalMode: 'ClusterCIDR', clusterCIDR: '' };
  }
}
