import { stringify } from 'yaml';
import { type Column, tableLines } from './table.ts';
import type { Terminal } from './terminal.ts';

export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof FORMATS)[number];

/** How one kind of thing is told in every format. */
export interface View<T> {
  readonly columns: readonly Column<T>[];
  /** `service/cart`, for other programs. */
  readonly name: (one: T) => string;
  /** Where there is nothing: `No Services in namespace shop.` */
  readonly none: string;
}

export function tell<T>(things: readonly T[], view: View<T>, format: Format, terminal: Terminal): void {
  if (format === 'json' || format === 'yaml') tellData(things, format, terminal);
  else if (things.length === 0) terminal.say(view.none);
  else if (format === 'name') terminal.out(things.map(view.name).join('\n'));
  else {
    const [head = '', ...rows] = tableLines(view.columns, things, format === 'wide');
    terminal.out([terminal.paint('bold', head), ...rows].join('\n'));
  }
}

export function tellData(data: unknown, format: 'json' | 'yaml', terminal: Terminal): void {
  // by way of JSON, so that both say the same of what is absent
  const plain = JSON.parse(JSON.stringify(data));
  terminal.out(format === 'json' ? JSON.stringify(plain, undefined, 2) : stringify(plain).trimEnd());
}
