import { IsolationTracker } from '../src/index.ts';

const NAMESPACES = { shop: { team: 'red' }, pay: { team: 'blue' } };
const PODS = [
  ['shop', 'checkout', 1, 'node-a'],
  ['shop', 'browse', 2, 'node-a'],
  ['pay', 'ledger', 3, 'node-a'],
  ['pay', 'ledger-2', 4, 'node-a'],
  ['pay', 'mailer', 5, 'node-a'],
  ['pay', 'archive', 6, 'node-b'],
] as const;
const DNS = { ports: [{ protocol: 'UDP', port: 53 }, { port: 53 }] };

/** Every form of peer and port that a policy can have. */
const POLICIES = {
  'pay/closed': { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  'pay/ledger': {
    podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['ledger', 'ledger-2'] }] },
    ingress: [
      {
        from: [
          { namespaceSelector: { matchLabels: { team: 'red' } }, podSelector: { matchLabels: { app: 'checkout' } } },
        ],
        ports: [{ port: 'http' }, { port: 9000, endPort: 9010 }],
      },
      {
        from: [{ ipBlock: { cidr: '203.0.113.0/24' } }, { ipBlock: { cidr: '2001:db8::/32' } }],
        ports: [{ port: 443 }],
      },
      {
        from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.244.0.0/16', '10.9.0.0/16'] } }],
        ports: [{ protocol: 'SCTP' }, { protocol: 'UDP', port: 5000, endPort: 5005 }, { protocol: 'UDP', port: 5006 }],
      },
    ],
    egress: [DNS, { to: [{ podSelector: { matchLabels: { app: 'archive' } } }], ports: [{ port: 'http' }] }],
  },
  'pay/mail': {
    podSelector: { matchLabels: { app: 'mailer' } },
    policyTypes: ['Egress'],
    egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }], ports: [{ port: 25 }] }, DNS],
  },
};

export function smallCity(node: string): IsolationTracker {
  const tracker = new IsolationTracker(node);
  for (const [name, labels] of Object.entries(NAMESPACES)) tracker.setNamespace({ metadata: { name, labels } });
  for (const [namespace, name, number, nodeName] of PODS) {
    tracker.setPod({
      metadata: { namespace, name, labels: { app: name } },
      spec: { nodeName, containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }] },
      status: { phase: 'Running', podIPs: [{ ip: `10.244.1.${number}` }, { ip: `fd00:10:244:1::${number}` }] },
    });
  }
  for (const [id, spec] of Object.entries(POLICIES)) {
    const [namespace, name = ''] = id.split('/');
    tracker.setPolicy({ metadata: { namespace, name }, spec });
  }
  return tracker;
}
