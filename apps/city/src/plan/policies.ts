import { type CityPlan, networks } from './city-plan.ts';
import { targetPorts } from './shop.ts';

/** The NetworkPolicies of the city: namespaces that have none stay open, as annexes do. */
export function policyManifests({ services }: CityPlan) {
  const built = new Set(services.map(({ namespace }) => namespace));
  return POLICIES.filter(({ metadata }) => built.has(metadata.namespace));
}

const inNamespace = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });
const ofApp = (app: string) => ({ matchLabels: { app } });
/** `catalog.shop` as a peer. */
const caller = (name: string) => {
  const [app = '', namespace = ''] = name.split('.');
  return { namespaceSelector: inNamespace(namespace), podSelector: ofApp(app) };
};

function policy(namespace: string, name: string, spec: object) {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace, name }, spec };
}

/** The pods of `app` are reached by these callers only, at this port. */
const onlyFrom = (app: string, port: number, callers: readonly string[]) => ({
  podSelector: ofApp(app),
  policyTypes: ['Ingress'],
  ingress: [{ from: callers.map(caller), ports: [{ protocol: 'TCP', port }] }],
});

const POLICIES = [
  policy('payments', 'only-checkout', onlyFrom('payments', targetPorts.http, ['checkout.shop'])),
  policy('payments', 'only-payments', onlyFrom('fraud', targetPorts.http, ['payments.payments'])),
  // all of the namespace is closed; whoever is let in is named beside it
  policy('data', 'closed', { podSelector: {}, policyTypes: ['Ingress'] }),
  policy(
    'data',
    'orders-db-callers',
    onlyFrom('orders-db', targetPorts.lines, ['catalog.shop', 'checkout.shop', 'payments.payments']),
  ),
  policy('data', 'sessions-callers', onlyFrom('sessions', targetPorts.lines, ['web.shop', 'cart.shop'])),
  policy('shop', 'stray-stays-inside', {
    podSelector: ofApp('stray'),
    policyTypes: ['Egress'],
    egress: [{ to: [{ ipBlock: { cidr: networks.cluster } }] }],
  }),
];
