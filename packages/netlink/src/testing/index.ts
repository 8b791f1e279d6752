export { FakeConntrack } from './fake-conntrack.ts';
