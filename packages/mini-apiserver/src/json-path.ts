import { isObject, type Json } from './object.ts';

type Step = (values: Json[]) => Json[];

const FIELD = /^\.?([A-Za-z0-9_$-]+)/;
const QUOTED = /^\[\s*(?:'([^']*)'|"([^"]*)")\s*\]/;
const INDEX = /^\[(-?\d+)\]/;
const EVERY = /^\[\*\]/;
const FILTER = /^\[\?\(\s*@\.([A-Za-z0-9_.-]+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|(true|false|-?\d+))\s*\)\]/;

/**
 * The JSONPath of printer columns: fields, quoted fields, indexes, `[*]` and filters by equality.
 * Undefined when the path uses anything else.
 */
export function parseJsonPath(path: string): ((value: Json) => Json[]) | undefined {
  const steps: Step[] = [];
  let rest = path
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .replace(/^\$/, '');
  if (!rest.startsWith('.') && !rest.startsWith('[')) return undefined;
  while (rest !== '') {
    const next = parseStep(rest.startsWith('.[') ? rest.slice(1) : rest);
    if (next === undefined) return undefined;
    steps.push(next.step);
    rest = next.rest;
  }
  return (value) => steps.reduce<Json[]>((values, step) => step(values), [value]);
}

function parseStep(text: string): { step: Step; rest: string } | undefined {
  const quoted = QUOTED.exec(text);
  if (quoted) return { step: field(quoted[1] ?? quoted[2] ?? ''), rest: text.slice(quoted[0].length) };
  const index = INDEX.exec(text);
  if (index) return { step: at(Number(index[1])), rest: text.slice(index[0].length) };
  const every = EVERY.exec(text);
  if (every) return { step: (values) => values.flatMap(children), rest: text.slice(every[0].length) };
  const filter = FILTER.exec(text);
  if (filter) {
    const [all, path = '', operator, single, double, bare] = filter;
    const wanted = single ?? double ?? bare ?? '';
    return { step: where(path, wanted, operator === '=='), rest: text.slice(all.length) };
  }
  const name = FIELD.exec(text);
  return name ? { step: field((name[1] ?? '').replaceAll('\\', '')), rest: text.slice(name[0].length) } : undefined;
}

const field =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name] ?? null] : []));

const at =
  (index: number): Step =>
  (values) =>
    values.flatMap((value) => (Array.isArray(value) ? value.slice(index, index === -1 ? undefined : index + 1) : []));

const where =
  (path: string, wanted: string, equal: boolean): Step =>
  (values) =>
    values.flatMap(children).filter((item) => {
      const found = path.split('.').reduce<Json[]>((inner, name) => field(name)(inner), [item]);
      return (String(found[0] ?? '') === wanted) === equal;
    });

function children(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value).map((item) => item ?? null) : [];
}
