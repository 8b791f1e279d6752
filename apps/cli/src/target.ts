import type { SteerBackends, SteerTarget } from '@kubecity/protocol';
import { Failure } from './failure.ts';

/** Options that say who of a Service, a namespace or the cluster is meant. */
export interface Choice {
  readonly pod?: readonly string[];
  readonly node?: readonly string[];
  readonly zone?: readonly string[];
  readonly address?: readonly string[];
  readonly selector?: string;
  readonly port?: readonly string[];
}

export const TARGETS = ['service', 'pod', 'node', 'zone', 'override', 'cluster-override', 'namespace', 'cluster'];

/** How the word before the slash may be written too. */
const ALIASES: Readonly<Record<string, string>> = {
  svc: 'service',
  services: 'service',
  po: 'pod',
  pods: 'pod',
  no: 'node',
  nodes: 'node',
  zones: 'zone',
  ro: 'override',
  routingoverride: 'override',
  overrides: 'override',
  cro: 'cluster-override',
  clusterroutingoverride: 'cluster-override',
  ns: 'namespace',
  namespaces: 'namespace',
};

/**
 * Whom a command is about: `service/cart` with a choice, `pod/cart-1`, `node/node-b`, `zone/b`, `override/cart-drain`,
 * `cluster-override/node-b-drain`, or all that is chosen in `namespace/shop` or in the `cluster`.
 * @throws Failure `usage`
 */
export function targetOf(text: string, choice: Choice, namespace: string): SteerTarget {
  const [word = '', name = '', more] = text.split('/');
  const kind = ALIASES[word.toLowerCase()] ?? word.toLowerCase();
  const known = TARGETS.includes(kind) && more === undefined;
  if (!known || (name === '') !== (kind === 'cluster') || (kind === 'cluster' && text.includes('/'))) {
    throw new Failure('usage', `${JSON.stringify(text)} is no target. Give ${SPELLINGS}.`);
  }
  if (kind === 'service') {
    const backends = backendsOf(choice);
    return {
      kind,
      namespace,
      name,
      ...(choice.port?.length && { ports: [...choice.port] }),
      ...(backends && { backends }),
    };
  }
  if (choice.port?.length) throw new Failure('usage', `--port goes with service/NAME only, not with ${text}.`);
  const backends = backendsOf(choice);
  if (kind === 'namespace' || kind === 'cluster') {
    if (!backends) {
      throw new Failure('usage', `${text}: say who is meant, with --pod, --node, --zone, --address or --selector.`);
    }
    return { kind: 'chosen', ...(kind === 'namespace' && { namespace: name }), backends };
  }
  if (backends) {
    const wider = 'service/NAME, namespace/NAME or cluster';
    throw new Failure(
      'usage',
      `${text} says who is meant; --pod, --node, --zone, --address and --selector go with ${wider}.`,
    );
  }
  switch (kind) {
    case 'pod':
      return { kind, namespace, name };
    case 'override':
      return { kind, namespace, name };
    case 'cluster-override':
      return { kind: 'override', name };
    default:
      return { kind: kind as 'node' | 'zone', name };
  }
}

const SPELLINGS =
  'service/NAME, pod/NAME, node/NAME, zone/NAME, override/NAME, cluster-override/NAME, namespace/NAME or cluster';

function backendsOf({ pod, node, zone, address, selector }: Choice): SteerBackends | undefined {
  const matchLabels = selector === undefined ? undefined : labelsOf(selector);
  const backends = {
    ...(matchLabels && { matchLabels }),
    ...(pod?.length && { podNames: [...pod] }),
    ...(node?.length && { nodeNames: [...node] }),
    ...(zone?.length && { zones: [...zone] }),
    ...(address?.length && { addresses: [...address] }),
  };
  return Object.keys(backends).length > 0 ? backends : undefined;
}

/** Of `version=v2,tier=web`: an override knows equality only. @throws Failure `usage` */
export function labelsOf(selector: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const part of selector.split(',')) {
    const match = /^\s*([A-Za-z0-9./_-]+)\s*==?\s*([A-Za-z0-9._-]*)\s*$/.exec(part);
    if (!match?.[1]) {
      throw new Failure(
        'usage',
        `--selector: ${JSON.stringify(part)} is not KEY=VALUE, which is all that an override can say.`,
      );
    }
    labels[match[1]] = match[2] ?? '';
  }
  return labels;
}

/** What somebody types who permits that the floor is broken: the name alone. */
export function confirmationOf(target: SteerTarget): string {
  if (target.kind === 'chosen') return target.namespace ?? 'cluster';
  return 'name' in target ? target.name : '';
}

/** In which namespace its overrides are; undefined = of the whole cluster. */
export function namespaceOf(target: SteerTarget): string | undefined {
  return 'namespace' in target ? target.namespace : undefined;
}
