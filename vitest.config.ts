import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/support/closing-line-reporter.js';
import { LongestFirst } from './test/support/longest-first.js';

/** Every test there is. They run against the built packages, as users get them. */
export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/bench/**'],
    setupFiles: ['test/support/fixed-seed.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // One load of the packages for each worker, not for each of two hundred files: tests keep nothing in modules.
    isolate: false,
    // Node loads what is built as it is: there is nothing to compile in it.
    server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['dot', new ClosingLineReporter()],
  },
});
