import { quote, type Report } from '@kubecity/routing';

/** A JSON object, of which nothing is known yet. */
export type Foreign = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Foreign {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list of the API: absent, null and empty are the same. What is no list is reported, and empty. */
export function listOf(value: unknown, field: string, report: Report): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  report(field, `must be a list, not ${quote(value)}`);
  return [];
}
