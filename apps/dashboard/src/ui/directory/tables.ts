import type { Tab } from '../../live/view-store.ts';
import { backends } from './backends.ts';
import { edges } from './edges.ts';
import { nodes } from './nodes.ts';
import { pods } from './pods.ts';
import { services } from './services.ts';
import type { Table } from './table.ts';

/** The tables of the Directory, in the order of their tabs. */
export const TABLES: Readonly<Record<Tab, Table<unknown>>> = { services, backends, pods, nodes, edges };
