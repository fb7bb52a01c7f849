import type { NetworkFault } from '@keelson/simulation';
import fc from 'fast-check';

/** Which answers of the registry go wrong, by number, and how. */
export interface Network {
  readonly faults: readonly { readonly answer: number; readonly fault: NetworkFault }[];
}

/** A few answers that go wrong; shrinks to none. */
export function anyNetwork(options: { most?: number } = {}): fc.Arbitrary<Network> {
  const fault = fc.record({
    answer: fc.nat(12),
    fault: fc.constantFrom<NetworkFault>('reset', 'truncated', 'corrupted', 'unavailable'),
  });
  return fc.record({ faults: fc.array(fault, { maxLength: options.most ?? 4 }) });
}

/** The option of a life for that network. Answers are counted as they are given. */
export function networkOf({ faults }: Network): { networkFault: () => NetworkFault | undefined } {
  let answers = 0;
  return {
    networkFault: () => {
      answers += 1;
      return faults.find(({ answer }) => answer === answers - 1)?.fault;
    },
  };
}
