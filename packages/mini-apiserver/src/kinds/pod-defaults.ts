import { ensureObject, isObject, type JsonObject, listAt, setDefault, stringAt } from '../object.ts';

/** Defaults of a pod or of the template of one. */
export function podTemplateDefaults(pod: JsonObject): void {
  const spec = ensureObject(pod, 'spec');
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'schedulerName', 'default-scheduler');
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'securityContext', {});
  for (const list of ['containers', 'initContainers']) {
    for (const container of listAt(spec, list)) if (isObject(container)) containerDefaults(container);
  }
}

function containerDefaults(container: JsonObject): void {
  setDefault(
    container,
    'imagePullPolicy',
    /:(?!latest$)[^/]+$/.test(stringAt(container, 'image') ?? '') ? 'IfNotPresent' : 'Always',
  );
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  setDefault(container, 'resources', {});
  for (const port of listAt(container, 'ports')) if (isObject(port)) setDefault(port, 'protocol', 'TCP');
}
