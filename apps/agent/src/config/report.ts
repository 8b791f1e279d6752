import { Document, isNode, isSeq } from 'yaml';
import { flagOf, type Invocation } from './command-line.ts';
import { settingDescriptions } from './json-schema.ts';
import type { LoadedConfig } from './load.ts';
import { leaves, pathText, setAt, valueAt } from './setting-path.ts';
import type { Settings } from './settings.ts';

/** The configuration in effect as a file for --config; comments say where each value is from and what was left out. */
export function effectiveConfigText({ settings, origins, notTaken }: LoadedConfig): string {
  const ordered = {};
  for (const { path } of settingDescriptions) {
    const value = valueAt(settings, path);
    if (value !== undefined) setAt(ordered, path, value);
  }
  const document = new Document(ordered);
  for (const { path } of leaves(ordered)) {
    const node = document.getIn(path, true);
    if (!isNode(node)) continue;
    if (isSeq(node)) node.flow = true;
    node.comment = ` ${origins.get(pathText(path)) ?? ''}`;
  }
  const left = notTaken.map(({ path, value, reason }) => `#   ${path}: ${JSON.stringify(value)} (${reason})\n`);
  const heading = left.length === 0 ? '' : `# Not taken from kube-proxy's file:\n${left.join('')}`;
  return document.toString({ lineWidth: 0 }) + heading;
}

/** What is in effect as the flags that would say so, without dashes: `cluster-cidr` → `10.244.0.0/16`. */
export function effectiveFlags(
  { configFile, kubeProxyFile }: Pick<Invocation, 'configFile' | 'kubeProxyFile'>,
  settings: Settings,
): ReadonlyMap<string, string> {
  const settled = settingDescriptions.map(({ path }) => [flagOf(path), valueAt(settings, path)] as const);
  const files = [['--config', configFile] as const, ['--kube-proxy-config', kubeProxyFile] as const];
  return new Map(
    [...files, ...settled].flatMap(([flag, value]) =>
      value === undefined ? [] : [[flag.slice('--'.length), String(value)] as const],
    ),
  );
}
