import { ensureObject, stringAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, text } from './columns.ts';

export const namespaces = builtin({
  plural: 'namespaces',
  kind: 'Namespace',
  model: 'V1Namespace',
  shortNames: ['ns'],
  namespaced: false,
  status: true,
  names: 'label',
  fieldSelectors: ['status.phase'],
  rules: {
    complete: (namespace, old) => {
      ensureObject(namespace.metadata, 'labels')['kubernetes.io/metadata.name'] = namespace.metadata.name;
      if (old !== undefined) return;
      ensureObject(namespace, 'spec').finalizers = ['kubernetes'];
      namespace.status = { phase: 'Active' };
    },
  },
  columns: [NAME, text('Status', (namespace) => stringAt(namespace, 'status', 'phase') ?? ''), AGE],
});
