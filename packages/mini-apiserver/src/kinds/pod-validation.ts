import { duplicate, type FieldError, forbiddenField, notSupported, required } from '../field-error.ts';
import { checkName } from '../metadata.ts';
import {
  copy,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  sameJson,
  stringAt,
} from '../object.ts';
import { checkPortName, checkPortNumber } from './port-validation.ts';

export function validatePod(pod: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors = validatePodSpec('spec', objectAt(pod, 'spec'));
  if (old !== undefined && !sameJson(fixedSpec(pod), fixedSpec(old))) {
    const fields =
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
    errors.push(forbiddenField('spec', fields));
  }
  return errors;
}

/** The spec without what an update may change. */
function fixedSpec(pod: KubeObject): JsonObject {
  const {
    activeDeadlineSeconds: _,
    tolerations: __,
    terminationGracePeriodSeconds: ___,
    ...spec
  } = copy(objectAt(pod, 'spec'));
  for (const list of ['containers', 'initContainers']) {
    for (const container of listAt(spec, list)) if (isObject(container)) delete container.image;
  }
  return spec;
}

/** Faults of a pod's specification, alone or in a template; `at` is the path of the spec. */
export function validatePodSpec(at: string, spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const containers = listAt(spec, 'containers');
  if (containers.length === 0) errors.push(required(`${at}.containers`));
  const names = new Set<string>();
  for (const list of ['initContainers', 'containers']) {
    listAt(spec, list).forEach((container, index) => {
      errors.push(...checkContainer(`${at}.${list}[${index}]`, container, names));
    });
  }
  const policies = ['Always', 'OnFailure', 'Never'];
  if (!policies.includes(String(spec.restartPolicy)))
    errors.push(notSupported(`${at}.restartPolicy`, spec.restartPolicy, policies));
  const node = stringAt(spec, 'nodeName');
  if (node) errors.push(...checkName(`${at}.nodeName`, node, 'subdomain'));
  return errors;
}

function checkContainer(at: string, container: Json, names: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  const name = stringAt(container, 'name') ?? '';
  if (name === '') errors.push(required(`${at}.name`));
  else errors.push(...checkName(`${at}.name`, name, 'label'));
  if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
  names.add(name);
  if (!stringAt(container, 'image')) errors.push(required(`${at}.image`));
  listAt(container, 'ports').forEach((port, index) => {
    const field = `${at}.ports[${index}]`;
    errors.push(...checkPortNumber(`${field}.containerPort`, numberAt(port, 'containerPort') ?? 0));
    const portName = stringAt(port, 'name');
    if (portName) errors.push(...checkPortName(`${field}.name`, portName));
    const protocol = stringAt(port, 'protocol');
    const protocols = ['SCTP', 'TCP', 'UDP'];
    if (protocol !== undefined && !protocols.includes(protocol))
      errors.push(notSupported(`${field}.protocol`, protocol, protocols));
  });
  return errors;
}
