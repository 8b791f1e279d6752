import { type KubeObject, valueAt } from './object.ts';
import { badRequest } from './status.ts';

export type Predicate = (object: KubeObject) => boolean;

/** Splits at commas that stand outside of parentheses. */
function terms(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}

const KEY = '([A-Za-z0-9./_-]+)';
const SET = new RegExp(`^${KEY}\\s+(in|notin)\\s+\\(([^()]*)\\)$`);
const EQUALITY = new RegExp(`^${KEY}\\s*(==|!=|=)\\s*([A-Za-z0-9._-]*)$`);
const PRESENCE = new RegExp(`^(!?)\\s*${KEY}$`);

/** Parses a label selector, equality-based or set-based. @throws ApiError BadRequest */
export function labelSelector(text: string): Predicate {
  return all(terms(text).map((term) => labelTerm(term)));
}

function labelTerm(term: string): Predicate {
  const set = SET.exec(term);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    const wanted = operator === 'in';
    return (object) => {
      const value = object.metadata.labels?.[key];
      return wanted ? value !== undefined && values.has(value) : value === undefined || !values.has(value);
    };
  }
  const equality = EQUALITY.exec(term);
  if (equality !== null) {
    const [, key = '', operator, wanted] = equality;
    if (operator === '!=') return (object) => object.metadata.labels?.[key] !== wanted;
    return (object) => object.metadata.labels?.[key] === wanted;
  }
  const presence = PRESENCE.exec(term);
  if (presence !== null) {
    const [, negated, key = ''] = presence;
    return (object) => (object.metadata.labels?.[key] === undefined) === (negated === '!');
  }
  throw badRequest(`unable to parse requirement: ${JSON.stringify(term)} is not a label selector`);
}

/** Parses a field selector over `metadata.name`, `metadata.namespace` and `fields`. @throws ApiError BadRequest */
export function fieldSelector(text: string, fields: readonly string[]): Predicate {
  return all(terms(text).map((term) => fieldTerm(term, fields)));
}

function fieldTerm(term: string, fields: readonly string[]): Predicate {
  const [, field = '', operator, wanted] = /^([^=!]+)(==|!=|=)(.*)$/.exec(term) ?? [];
  if (operator === undefined) throw badRequest(`invalid selector: ${JSON.stringify(term)}; can't understand it`);
  if (field !== 'metadata.name' && field !== 'metadata.namespace' && !fields.includes(field)) {
    throw badRequest(`field label not supported: ${field}`);
  }
  const path = field.split('.');
  return (object) => (String(valueAt(object, ...path) ?? '') === wanted) === (operator !== '!=');
}

/** The selector of a list or watch request. @throws ApiError BadRequest */
export function objectSelector(labels: string, fields: string, known: readonly string[]): Predicate {
  return all([labelSelector(labels), fieldSelector(fields, known)]);
}

function all(predicates: readonly Predicate[]): Predicate {
  return (object) => predicates.every((predicate) => predicate(object));
}
