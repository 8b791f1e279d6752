import type { Protocol } from './table.ts';

/** Names a fault of one object by the path of its field. */
export type Report = (field: string, message: string) => void;

export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;
}

export function isProtocol(value: string): value is Protocol {
  return value === 'TCP' || value === 'UDP' || value === 'SCTP';
}

/** A value as a person would find it in the object. */
export function quote(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
