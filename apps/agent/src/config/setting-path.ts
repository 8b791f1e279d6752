/** Where a setting stands: `['conntrack', 'min']`. Numbers are places in a list. */
export type SettingPath = readonly PropertyKey[];

export interface Leaf {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** `conntrack.min`, `clusterCIDR[1]`. */
export function pathText(path: SettingPath): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`,
    '',
  );
}

/** The scalars and lists of an object, with their paths; what is undefined is absent. */
export function* leaves(object: object, above: readonly string[] = []): Generator<Leaf> {
  for (const [key, value] of Object.entries(object)) {
    const path = [...above, key];
    if (isGroup(value)) yield* leaves(value, path);
    else if (value !== undefined) yield { path, value };
  }
}

export function valueAt(object: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    object,
  );
}

/** Writes into `object`, making the groups that are missing. */
export function setAt(object: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path;
  if (rest.length === 0) {
    object[first] = value;
    return;
  }
  const group = object[first];
  const inner = isGroup(group) ? group : {};
  object[first] = inner;
  setAt(inner, rest, value);
}

export function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
