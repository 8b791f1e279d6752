import { describe } from 'vitest';
import { FakeNetfilter } from '../src/testing/fake.ts';
import { doorCases } from './door-cases.ts';

describe('the fake door', () => doorCases(() => new FakeNetfilter()));
