import { expect, it } from 'vitest';
import { parseCounted, parseCountedSave } from '../src/counted.ts';

it('reads rules with their counters, wherever they stand, and is not misled by comments', () => {
  const text = `-P INPUT ACCEPT -c 9 9
-A INPUT -m comment --comment abc -c 7 8 -g CITY-X
-N CITY-X
-A CITY-X -p tcp -m tcp --dport 80 -m comment --comment "say \\"hi\\" -c 3 4 -j X" -c 12 720 -j DNAT --to-destination 10.1.0.2:80
-A CITY-X -s 10.0.0.1/32 -c 5 6
-A CITY-X -c 18446744073709551615 1
`;
  expect(parseCounted(text)).toEqual([
    { chain: 'INPUT', rules: [{ rule: '-m comment --comment abc -g CITY-X', packets: 7, bytes: 8 }] },
    {
      chain: 'CITY-X',
      rules: [
        {
          rule: '-p tcp -m tcp --dport 80 -m comment --comment "say \\"hi\\" -c 3 4 -j X" -j DNAT --to-destination 10.1.0.2:80',
          packets: 12,
          bytes: 720,
        },
        { rule: '-s 10.0.0.1/32', packets: 5, bytes: 6 },
        { rule: '', packets: 2 ** 64, bytes: 1 },
      ],
    },
  ]);
});

it('reads the chains that are wanted of a whole table', () => {
  const text = `*filter
:FORWARD ACCEPT [1:2]
:CITY-A - [0:0]
:CITY-B - [0:0]
:CITY-C - [0:0]
[12:720] -A CITY-A -s 10.0.0.1/32 -m comment --comment "[3:4] -A CITY-C" -j RETURN
[5:6] -A CITY-A
[7:8] -A CITY-B -j DROP
COMMIT
`;
  expect([...parseCountedSave(text, new Set(['CITY-A', 'CITY-C', 'CITY-D'])).values()]).toEqual([
    {
      chain: 'CITY-A',
      rules: [
        { rule: '-s 10.0.0.1/32 -m comment --comment "[3:4] -A CITY-C" -j RETURN', packets: 12, bytes: 720 },
        { rule: '', packets: 5, bytes: 6 },
      ],
    },
    { chain: 'CITY-C', rules: [] },
  ]);
});
