import type { CityRecord } from '@kubecity/protocol';
import type { City } from '../../src/city/city.ts';
import { random } from '../../src/map/geometry.ts';

/** A city in which policies close a third of the pods, and somebody tries what they refuse. */
export function gatedCity(city: City, seed: number, attempts = 40): City {
  const draw = random(seed);
  const policy = (pod: { namespace: string }) => `${pod.namespace}/default-deny`;
  const pod = new Map(
    [...city.pod].map(([uid, one]): [string, CityRecord<'pod'>] => {
      const [closes, gates] = [draw() < 1 / 3, [policy(one)]];
      const both =
        draw() < 0.5 ? { ingress: gates, egress: gates } : draw() < 0.5 ? { ingress: gates } : { egress: gates };
      return [uid, { ...one, gates: closes ? both : {} }];
    }),
  );
  const pods = [...pod.values()];
  const any = () => pods[Math.floor(draw() * pods.length)];
  const refusal = new Map<string, CityRecord<'refusal'>>();
  for (let i = 0; i < attempts; i += 1) {
    const [from, to] = [any(), draw() < 0.9 ? any() : undefined];
    if (!from) break;
    const outside = draw() < 0.2;
    const direction = outside || draw() < 0.7 ? 'ingress' : 'egress';
    const backend = [...city.backend.values()].find(({ podUid }) => podUid === to?.uid);
    refusal.set(String(i), {
      client: outside
        ? { kind: 'outside', id: 'outside:203.0.113.0/24', label: '203.0.113.0/24', node: from.node }
        : { kind: 'pod', id: `pod:${from.uid}`, label: `${from.namespace}/${from.name}`, node: from.node },
      address: to?.ip ?? '10.9.9.9',
      port: 80,
      protocol: 'TCP',
      podUid: to?.uid,
      service: backend?.service,
      direction,
      policies: to ? [policy(to)] : [],
      firstAt: i,
      lastAt: i,
      node: to?.node ?? from.node ?? '',
    });
  }
  return { ...city, pod, refusal };
}
