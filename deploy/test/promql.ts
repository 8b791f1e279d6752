/** What an expression asks for: metrics, and labels by their keys. Enough of PromQL for what stands in our manifests. */
export interface Asked {
  readonly metrics: ReadonlySet<string>;
  readonly labels: ReadonlySet<string>;
}

const WORDS = new Set(
  'sum count max min avg by without and or unless on ignoring absent rate increase label_values bool'.split(' '),
);

/** @throws Error for a word that is neither known nor looks like a metric */
export function askedBy(expression: string): Asked {
  const labels = new Set<string>();
  const bare = expression
    .replaceAll(/"[^"]*"|'[^']*'/g, '""')
    .replaceAll(/\{([^}]*)\}/g, (_whole, inside: string) => {
      for (const [, key = ''] of inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) labels.add(key);
      return '';
    })
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g, (_whole, inside: string) => {
      for (const key of inside.split(',')) labels.add(key.trim());
      return '';
    })
    .replaceAll(/\[[^\]]*\]/g, '');
  const called = /^\s*label_values\((\w+),\s*(\w+)\)$/.exec(bare);
  if (called?.[2]) labels.add(called[2]);
  const words = (called?.[1] ?? bare).match(/[A-Za-z_:][\w:]*/g) ?? [];
  const metrics = new Set(words.filter((word) => !WORDS.has(word)));
  for (const name of metrics) if (!/^(up|\w+_\w+)$/.test(name)) throw new Error(`${name}: what is that?`);
  return { metrics, labels };
}
