import { describe } from 'vitest';
import { FakeIpset, FakeNetfilter } from '../src/testing/index.ts';
import { doorCases, setCases } from './door-cases.ts';

describe('the fake doors', () => {
  doorCases(() => new FakeNetfilter());
  setCases(() => new FakeIpset());
});
