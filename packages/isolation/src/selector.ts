import { quote, type Report } from '@kubecity/routing';
import { isRecord, listOf } from './foreign.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** Sorted; empty for Exists and DoesNotExist. */
  readonly values: readonly string[];
}

/** All requirements must hold; none = everything. Sorted, so that equal selectors have equal `selectorText`. */
export type Selector = readonly Requirement[];

const OPERATORS: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/**
 * Reads a LabelSelector (meta/v1). What cannot be read is reported and left out, which makes the selector wider: `whole`
 * says whether that happened, so that the caller can take the closed side.
 */
export function readSelector(value: unknown, field: string, report: Report): { selector: Selector; whole: boolean } {
  let whole = true;
  const fault = (where: string, message: string) => {
    whole = false;
    report(where, message);
  };
  if (!isRecord(value)) {
    fault(field, `must be a label selector, not ${quote(value)}`);
    return { selector: [], whole };
  }
  const found: Requirement[] = [];
  if (value.matchLabels !== undefined && value.matchLabels !== null) {
    if (!isRecord(value.matchLabels)) fault(`${field}.matchLabels`, `must be labels, not ${quote(value.matchLabels)}`);
    else {
      for (const [key, label] of Object.entries(value.matchLabels)) {
        if (typeof label === 'string') found.push({ key, operator: 'In', values: [label] });
        else fault(`${field}.matchLabels[${key}]`, `must be a text, not ${quote(label)}`);
      }
    }
  }
  for (const [i, one] of listOf(value.matchExpressions, `${field}.matchExpressions`, fault).entries()) {
    const requirement = readRequirement(one, `${field}.matchExpressions[${i}]`, fault);
    if (requirement) found.push(requirement);
  }
  return { selector: found.sort(byText), whole };
}

function readRequirement(value: unknown, field: string, report: Report): Requirement | undefined {
  if (!isRecord(value)) {
    report(field, `must be a requirement with key and operator, not ${quote(value)}`);
    return undefined;
  }
  const { key, operator, values = [] } = value;
  if (typeof key !== 'string' || key === '') report(`${field}.key`, `must name a label, not ${quote(key)}`);
  else if (typeof operator !== 'string' || !OPERATORS.includes(operator)) {
    report(`${field}.operator`, `must be one of ${OPERATORS.join(', ')}, not ${quote(operator)}`);
  } else if (!Array.isArray(values) || !values.every((one) => typeof one === 'string')) {
    report(`${field}.values`, `must be a list of texts, not ${quote(values)}`);
  } else if ((operator === 'In' || operator === 'NotIn') !== values.length > 0) {
    const wish = values.length > 0 ? 'must be empty' : 'must not be empty';
    report(`${field}.values`, `${wish} with operator ${operator}`);
  } else {
    return { key, operator: operator as Requirement['operator'], values: [...new Set<string>(values)].sort() };
  }
  return undefined;
}

/** NotIn and DoesNotExist hold for what has no such label. */
export function selects(selector: Selector, labels: Labels): boolean {
  for (const requirement of selector) if (!holds(requirement, labels)) return false;
  return true;
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const label = Object.hasOwn(labels, key) ? (labels[key] as string) : undefined;
  switch (operator) {
    case 'In':
      return label !== undefined && values.includes(label);
    case 'NotIn':
      return label === undefined || !values.includes(label);
    case 'Exists':
      return label !== undefined;
    default:
      return label === undefined;
  }
}

/** The same text for selectors that say the same in another order; `*` for the one that selects everything. */
export function selectorText(selector: Selector): string {
  return selector.length === 0 ? '*' : selector.map(requirementText).join(',');
}

/** As `kubectl get -l` writes it. Keys and values of labels hold none of the signs that stand between them. */
function requirementText({ key, operator, values }: Requirement): string {
  if (operator === 'In' && values.length === 1) return `${key}=${values[0]}`;
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
}

function byText(a: Requirement, b: Requirement): number {
  const [one, other] = [requirementText(a), requirementText(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}
