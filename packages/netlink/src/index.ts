export { type ConntrackOptions, type ConntrackSource, openConntrack } from './conntrack.ts';
export type { Deletion } from './deletion.ts';
export type { Dump } from './dump.ts';
export { NetlinkError, type NetlinkErrorCode, type NetlinkSubject } from './errors.ts';
export { type GenerationSource, openGeneration } from './generation.ts';
export { type RefusalListener, type RefusalWatch, watchRefusals } from './refusals.ts';
export { openUdpTable, type UdpSelection, type UdpTable, type UdpTableOptions } from './udp-table.ts';
