import type { PacketCase } from '../packet-case.ts';
import type { KubeProxyConfiguration } from './kube-proxy-process.ts';

/** A case's configuration in kube-proxy's words. What it would change on the host beyond its rules is left alone. */
export function kubeProxyConfiguration({ nodeName, config }: PacketCase): KubeProxyConfiguration {
  const { localDetect, masqueradeAll, localhostNodePorts, nodePortAddresses } = config;
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    hostnameOverride: nodeName,
    // JSON is the only language of our API server.
    clientConnection: { contentType: 'application/json', acceptContentTypes: 'application/json', qps: 50, burst: 100 },
    ...detection(localDetect),
    nodePortAddresses,
    iptables: { masqueradeAll, localhostNodePorts, masqueradeBit: 14, minSyncPeriod: '0s', syncPeriod: '1h' },
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
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
