import { expect, it } from 'vitest';
import { counted } from '../../infra/cli/format.ts';

it('counts things in words', () => {
  expect([0, 1, 2, 1_234].map((value) => counted(value, 'call'))).toEqual(['0 calls', '1 call', '2 calls', '1,234 calls']);
});
