export { FakeConntrack } from './fake-conntrack.ts';
export { FakeUdpTable } from './fake-udp-table.ts';
