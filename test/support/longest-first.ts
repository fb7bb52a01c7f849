import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/**
 * What takes longest where nothing is known of an earlier run: files that start containers, engines, browsers or
 * thousands of simulated lives.
 */
const long = [
  'test/e2e/',
  'packages/cli/test/agent-command.test.ts',
  'packages/cli/test/run.test.ts',
  'test/simulation/properties.test.ts',
  'test/browser/',
  'packages/containerizer/test/real-launch.test.ts',
  'packages/cli/test/',
];

/** Begins with the longest files, so that no worker is left with one of them when the others have no more to do. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is not an array's
    const sorted = await super.sort(files);
    if (sorted.some((file) => this.#tookMs(file) !== undefined)) return sorted;
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = long.findIndex((part) => moduleId.includes(`/${part}`));
      return index < 0 ? long.length : index;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }

  #tookMs({ project, moduleId }: TestSpecification): number | undefined {
    const { root } = this.ctx.config;
    return this.ctx.cache.getFileTestResults(`${project.name}:${moduleId.slice(root.length + 1)}`)?.duration;
  }
}
