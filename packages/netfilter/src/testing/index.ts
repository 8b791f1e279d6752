export { FakeNetfilter } from './fake.ts';
export { FakeIpset } from './fake-ipset.ts';
