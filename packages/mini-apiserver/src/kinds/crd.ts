import { ensureObject, isObject, type KubeObject, listAt, objectAt, setDefault, stringAt } from '../object.ts';
import { timestamp } from '../timestamp.ts';
import { builtin } from './builtin.ts';
import { NAME, text } from './columns.ts';
import { validateCrd } from './crd-validation.ts';

export const customResourceDefinitions = builtin({
  group: 'apiextensions.k8s.io',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  model: 'V1CustomResourceDefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  status: true,
  generation: true,
  rules: {
    defaults: (definition) => {
      const spec = ensureObject(definition, 'spec');
      const names = ensureObject(spec, 'names');
      const kind = stringAt(names, 'kind') ?? '';
      setDefault(names, 'singular', kind.toLowerCase());
      setDefault(names, 'listKind', `${kind}List`);
      setDefault(ensureObject(spec, 'conversion'), 'strategy', 'None');
    },
    validate: validateCrd,
    complete: (definition, old, { now }) => {
      definition.status = establishedStatus(definition, old, timestamp(now()));
    },
  },
  columns: [NAME, text('Created At', (definition) => definition.metadata.creationTimestamp ?? '')],
});

/** This server serves a definition as soon as it is stored, so names are accepted and established at once. */
function establishedStatus(definition: KubeObject, old: KubeObject | undefined, now: string) {
  const since = stringAt(listAt(old, 'status', 'conditions')[0], 'lastTransitionTime') ?? now;
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime: since,
  });
  return {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: { ...objectAt(definition, 'spec', 'names') },
    storedVersions: listAt(definition, 'spec', 'versions').flatMap((version) =>
      isObject(version) && version.storage === true ? [version.name ?? null] : [],
    ),
  };
}
