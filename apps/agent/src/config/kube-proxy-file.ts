import { ConfigError } from './agent-config.ts';
import { parseMapping, type ReadFile, readMapping } from './config-file.ts';
import { GATES_ON, NOT_TAKEN, type Row, rowsFor } from './kube-proxy-fields.ts';
import { type Layer, layer } from './layer.ts';
import { isGroup, leaves, pathText, setAt, valueAt } from './setting-path.ts';

/** A field of kube-proxy's file that has no effect here. */
export interface NotTaken {
  readonly path: string;
  readonly value: unknown;
  readonly reason: string;
}

export interface KubeProxySettings {
  readonly layer: Layer;
  readonly notTaken: readonly NotTaken[];
}

const API_VERSION = 'kubeproxy.config.k8s.io/v1alpha1';
const KIND = 'KubeProxyConfiguration';
const MODES = ['', 'iptables', 'ipvs', 'nftables'];

/**
 * Takes every field of a KubeProxyConfiguration that means the same here, with kube-proxy's own defaults for those that
 * are absent, and tells which ones it leaves.
 * @throws ConfigError for another kind of file, and for values that kube-proxy refuses too
 */
export function readKubeProxyFile(file: string, readFile: ReadFile): KubeProxySettings {
  const { where, fields } = configuration(file, readMapping(file, readFile));
  const mode = fields.mode ?? '';
  if (!MODES.includes(String(mode))) {
    throw new ConfigError([`${where}: mode: ${JSON.stringify(mode)}: not one of iptables, ipvs, nftables`]);
  }
  const rows = rowsFor(String(mode), fields);
  const { raw, declined } = take(rows, fields, where);
  const from = new Map(rows.map((row) => [row.to.join('.'), row.from]));
  return {
    layer: layer(raw, (path) => {
      const names = path.filter((step) => typeof step === 'string');
      return `${where}: ${from.get(names.join('.')) ?? pathText(path)}`;
    }),
    notTaken: [...declined, ...unread(rows, fields, String(mode))],
  };
}

/** The KubeProxyConfiguration itself, out of its ConfigMap if it is in one. */
function configuration(
  file: string,
  found: Record<string, unknown>,
): { where: string; fields: Record<string, unknown> } {
  if (found.kind !== 'ConfigMap') return { where: file, fields: checked(file, found) };
  const text = valueAt(found, ['data', 'config.conf']);
  const where = `${file}: data["config.conf"]`;
  if (typeof text !== 'string') throw new ConfigError([`${where}: absent: not the ConfigMap of kube-proxy`]);
  return { where, fields: checked(where, parseMapping(where, text)) };
}

function checked(where: string, { apiVersion, kind, ...fields }: Record<string, unknown>): Record<string, unknown> {
  const faults = [];
  if (apiVersion !== API_VERSION)
    faults.push(`${where}: apiVersion: ${JSON.stringify(apiVersion)}: not ${API_VERSION}`);
  if (kind !== KIND) faults.push(`${where}: kind: ${JSON.stringify(kind)}: not ${KIND}`);
  if (faults.length > 0) throw new ConfigError(faults);
  return fields;
}

function take(rows: readonly Row[], fields: Record<string, unknown>, where: string) {
  const raw: Record<string, unknown> = {};
  const declined: NotTaken[] = [];
  const faults: string[] = [];
  for (const { from, to, convert, absent, declines } of rows) {
    const given = valueAt(fields, from.split('.'));
    const value = isAbsent(given) ? undefined : convert(given);
    if (value !== undefined && 'fault' in value) {
      faults.push(`${where}: ${from}: ${JSON.stringify(given)}: ${value.fault}`);
      continue;
    }
    const reason = value && declines?.(value.value);
    if (reason !== undefined) declined.push({ path: from, value: given, reason });
    else if (value?.value !== undefined) setAt(raw, to, value.value);
    else if (absent !== undefined) setAt(raw, to, absent);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { raw, declined };
}

/** What no row has read. */
function unread(rows: readonly Row[], fields: Record<string, unknown>, mode: string): NotTaken[] {
  const read = new Set(rows.map(({ from }) => from));
  const left: NotTaken[] = [];
  for (const { path, value } of leaves(fields)) {
    const text = path.join('.');
    if (read.has(text) || saysNothing(path, value) || (text === 'mode' && mode === 'iptables')) continue;
    const reasons = path.map((_, index) => NOT_TAKEN[path.slice(0, path.length - index).join('.')]);
    const reason = reasons.find((found) => found !== undefined) ?? 'kube-proxy has no such field';
    left.push({ path: text, value, reason });
  }
  return left;
}

/** Go's zero values: every generated file is full of them. A gate that is off was switched off by somebody. */
function saysNothing([section, name = '']: readonly string[], value: unknown): boolean {
  return section === 'featureGates' && typeof value === 'boolean' ? value && GATES_ON.has(name) : isZero(value);
}

const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

const isZero = (value: unknown): boolean =>
  isAbsent(value) ||
  value === 0 ||
  value === false ||
  value === '0' ||
  value === '0s' ||
  (isGroup(value) && Object.keys(value).length === 0);
