import type { Tab } from '../../live/view-store.ts';
import { backends } from './backends.ts';
import { edges } from './edges.ts';
import { nodes } from './nodes.ts';
import { pods } from './pods.ts';
import { policies } from './policies.ts';
import { refusals } from './refusals.ts';
import { services } from './services.ts';
import type { Table } from './table.ts';

/** Changes are asked of the hub: they are no records of the city. */
export type CityTab = Exclude<Tab, 'changes'>;

/** The tables of the Directory, in the order of their tabs. */
export const TABLES: Readonly<Record<CityTab, Table<unknown>>> = {
  services,
  backends,
  pods,
  nodes,
  edges,
  policies,
  refusals,
};
