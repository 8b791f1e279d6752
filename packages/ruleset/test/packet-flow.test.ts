import { readFileSync } from 'node:fs';
import { buildRoutingTable, type KubeEndpointSlice, type KubeService } from '@kubecity/routing';
import { describe, expect, it } from 'vitest';
import { Compiler, DEFAULT_MASQUERADE_MARK, type Verdict, walk } from '../src/index.ts';

interface Case {
  id: string;
  title: string;
  nodeName: string;
  config: { localDetect: { clusterCIDRs?: string[]; podCIDRs?: string[] } };
  services: KubeService[];
  endpointSlices: KubeEndpointSlice[];
  flows: {
    from: { ip: string; kind: 'pod' | 'node' | 'external' };
    to: { ip: string; port: number; proto: 'TCP' | 'UDP' | 'SCTP' };
    expect: {
      verdict: Verdict['kind'];
      backends: string[];
      masquerade: boolean;
      masqueradePerBackend?: Record<string, boolean>;
    };
  }[];
}

const { cases } = JSON.parse(readFileSync(new URL('../testdata/packet-flow.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

describe('a first packet goes where kube-proxy v1.36 would send it', () => {
  it.each(cases.map((each) => [each.id, each] as const))(
    '%s',
    (_id, { nodeName, config, services, endpointSlices, flows }) => {
      const ranges = config.localDetect.clusterCIDRs ?? config.localDetect.podCIDRs ?? [];
      const clusterCidr = ranges.find((range) => !range.includes(':'));
      const compiler = new Compiler({ masqueradeMark: DEFAULT_MASQUERADE_MARK, ...(clusterCidr && { clusterCidr }) });
      const ruleset = compiler.compile(
        buildRoutingTable({ services, endpointSlices, overrides: [], pods: [], node: nodeName }),
      );
      for (const { from, to, expect: wanted } of flows) {
        const ends = walk(ruleset, {
          hook: from.kind === 'node' ? 'OUTPUT' : 'PREROUTING',
          source: from.ip,
          destination: to.ip,
          protocol: to.proto.toLowerCase() as 'tcp',
          port: to.port,
        });
        const label = `${from.kind} ${from.ip} → ${to.ip}:${to.port}/${to.proto}`;
        expect(
          ends.map((end) => end.kind).every((kind) => kind === wanted.verdict),
          `${label}: ${JSON.stringify(ends)}`,
        ).toBe(true);
        expect(ends.flatMap((end) => end.to ?? []).sort(), label).toEqual([...wanted.backends].sort());
        for (const end of ends) {
          const masquerade = wanted.masqueradePerBackend?.[end.to ?? ''] ?? wanted.masquerade;
          expect(end.masquerade, `${label} → ${end.to}`).toBe(masquerade);
          if (end.kind === 'dnat') expect(end.chance).toBeCloseTo(1 / wanted.backends.length, 8);
        }
      }
    },
  );
});
