import { type KubeClient, resources } from '@kubecity/kube';
import { type Finding, found, ok } from '@kubecity/protocol';
import { bitsOf, cleanAddress, cleanRange, type Family, type KubeNode, type KubeService } from '@kubecity/routing';
import { unlessForbidden, unseen } from './cluster.ts';

/** Pods must not have addresses that Services have. */
export async function checkRanges(client: KubeClient): Promise<Finding> {
  const [nodes, services] = await Promise.all([
    unlessForbidden(client.list<KubeNode>(resources.nodes)),
    unlessForbidden(client.list<KubeService>(resources.services)),
  ]);
  if (nodes === 'forbidden') return unseen(ID, 'the ranges of pods', 'list nodes');
  if (services === 'forbidden') return unseen(ID, 'the addresses of Services', 'list services');
  return judgeRanges(nodes.items, services.items);
}

const ID = 'cluster.ranges';

export function judgeRanges(nodes: readonly KubeNode[], services: readonly KubeService[]): Finding {
  const ranges = new PodRanges(nodes);
  const inside = services.flatMap(({ metadata, spec }) =>
    (spec?.clusterIPs ?? [spec?.clusterIP ?? '']).flatMap((text) => {
      const range = ranges.around(text);
      return range ? [{ service: `${metadata.namespace}/${metadata.name}`, address: text, ...range }] : [];
    }),
  );
  const [first] = inside;
  if (!first) return ok(ID, 'no Service has an address in the ranges of pods');
  return found('error', ID, {
    what: `${inside.length === 1 ? 'a Service has' : `${inside.length} Services have`} a cluster IP in the range of a node's pods: ${first.service} ${first.address}, in ${first.range} of node ${first.node}`,
    why: 'A pod with such an address is not reached: what is sent there is taken for the Service.',
    doThis:
      'The range of Services (--service-cluster-ip-range) and that of pods (--cluster-cidr) must not overlap: change one of them.',
  });
}

interface PodRange {
  readonly node: string;
  readonly range: string;
}

/** Asked once for each address of a Service, of which there are many. */
class PodRanges {
  readonly #byPrefix = new Map<string, PodRange>();
  readonly #lengths = new Set<number>();

  constructor(nodes: readonly KubeNode[]) {
    for (const { metadata, spec } of nodes) {
      for (const text of spec?.podCIDRs ?? [spec?.podCIDR ?? '']) {
        const range = cleanRange(text);
        if (!range) continue;
        this.#lengths.add(range.bits);
        this.#byPrefix.set(keyOf(range.family, bitsOf(range.address), range.bits), {
          node: metadata.name,
          range: range.text,
        });
      }
    }
  }

  around(text: string): PodRange | undefined {
    const address = cleanAddress(text);
    if (!address) return undefined;
    const bits = bitsOf(address.text);
    for (const length of this.#lengths) {
      const found = this.#byPrefix.get(keyOf(address.family, bits, length));
      if (found) return found;
    }
    return undefined;
  }
}

const keyOf = (family: Family, bits: string, length: number) => `${family} ${bits.slice(0, length)}`;
