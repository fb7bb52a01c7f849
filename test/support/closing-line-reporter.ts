import { readFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a run with what was skipped and why, and the line `N passed, N failed, N skipped`.
 *
 * On a build server (`CI` set) a skip whose reason is not listed in `test/allowed-skips.txt` fails the run: a test
 * that quietly stops running protects nobody.
 */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    let skipped = 0;
    const reasons = new Map<string, number>();
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) failed += 1;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed') failed += 1;
        else {
          skipped += 1;
          const reason = ('note' in result && result.note) || 'no reason given';
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        }
      }
    }
    for (const [reason, count] of reasons) console.log(`skipped ${count}: ${reason}`);
    const unexplained = process.env['CI'] ? [...reasons.keys()].filter((reason) => !isAllowed(reason)) : [];
    if (unexplained.length > 0) {
      console.log(`skips that test/allowed-skips.txt does not list:\n  ${unexplained.join('\n  ')}`);
      failed += unexplained.length;
      process.exitCode = 1;
    }
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  }
}

function isAllowed(reason: string): boolean {
  const lines = readFileSync(new URL('../allowed-skips.txt', import.meta.url), 'utf8').split('\n');
  return lines.some((line) => line !== '' && !line.startsWith('#') && reason.includes(line.trim()));
}
