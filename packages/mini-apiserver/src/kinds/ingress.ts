import { type FieldError, invalidValue, notSupported, required } from '../field-error.ts';
import { type Json, type KubeObject, listAt, objectAt, stringAt } from '../object.ts';
import { builtin } from './builtin.ts';
import { AGE, NAME, text } from './columns.ts';

/** Kept and checked; nothing serves it. */
export const ingresses = builtin({
  group: 'networking.k8s.io',
  plural: 'ingresses',
  kind: 'Ingress',
  model: 'V1Ingress',
  shortNames: ['ing'],
  status: true,
  generation: true,
  rules: { validate },
  columns: [
    NAME,
    text('Class', (ingress) => stringAt(ingress, 'spec', 'ingressClassName') ?? '<none>'),
    text('Hosts', (ingress) =>
      listAt(ingress, 'spec', 'rules')
        .map((rule) => stringAt(rule, 'host') ?? '*')
        .join(','),
    ),
    AGE,
  ],
});

function validate(ingress: KubeObject): FieldError[] {
  const spec = objectAt(ingress, 'spec');
  const rules = listAt(spec, 'rules');
  if (rules.length === 0 && spec.defaultBackend === undefined) {
    return [invalidValue('spec', '', 'either `defaultBackend` or `rules` must be specified')];
  }
  return rules.flatMap((rule, index) =>
    listAt(rule, 'http', 'paths').flatMap((path, place) =>
      checkPath(path, `spec.rules[${index}].http.paths[${place}]`),
    ),
  );
}

const TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

function checkPath(given: Json, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const { path = '', pathType } = objectAt(given);
  if (pathType === undefined) errors.push(required(`${at}.pathType`, 'pathType must be specified'));
  else if (!TYPES.includes(String(pathType))) errors.push(notSupported(`${at}.pathType`, pathType, TYPES));
  if (pathType !== 'ImplementationSpecific' && !String(path).startsWith('/')) {
    errors.push(invalidValue(`${at}.path`, path, 'must be an absolute path'));
  }
  const service = objectAt(given, 'backend', 'service');
  if (!service.name) errors.push(required(`${at}.backend.service.name`));
  const { name, number } = objectAt(service, 'port');
  if (!name && !number) errors.push(required(`${at}.backend`, 'port name or number is required'));
  return errors;
}
