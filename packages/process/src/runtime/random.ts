/** Where chance comes from, so that a simulation can repeat it. */
export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** `prefix` and a suffix that no other call answers. */
  id(prefix: string): string;
}

interface HostCrypto {
  getRandomValues(bytes: Uint8Array): Uint8Array;
}

/** The host's chance: what a runtime uses unless it is given another. */
export const hostRandom: Random = {
  next: () => Math.random(),
  id: (prefix) => {
    const bytes = (globalThis as unknown as { crypto: HostCrypto }).crypto.getRandomValues(new Uint8Array(12));
    return prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  },
};
