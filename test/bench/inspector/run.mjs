/**
 * `npm run bench:inspector [-- --quick] [--gate] [--minutes N]`: what being looked at costs, and whether the page stays
 * usable at 1,000 processes and 5,000 events a second.
 *
 * The cost is a ratio of CPU times of slices that take turns, their lower quartiles; the page is a real one in headless
 * Chromium, where that is installed. Memory is watched for `--minutes` (1; 10 for the whole claim). With `--gate` it exits 1
 * where a figure is outside its bound.
 */
import { measureFlood } from './measure-flood.mjs';
import { measurePage } from './measure-page.mjs';

const words = process.argv.slice(2);
const quick = words.includes('--quick');
const minutes = Number(words[words.indexOf('--minutes') + 1]) || 1;
const results = [];

/** One line: the figure, its bound, and whether it holds. */
function report(what, value, unit, bound, holds) {
  results.push(holds);
  console.log(`${holds ? ' ' : '!'} ${what.padEnd(66)} ${value.padStart(10)} ${unit.padEnd(9)} ${bound}`);
}

console.log('dispatch flood: CPU time beside the same flood without an inspector');
const { watched, lookedAt } = await measureFlood({ turns: quick ? 15 : 50 });
report('an inspector watches, nobody looks', percent(watched), '% more', '<= 2', watched <= 1.02);
report('somebody looks', percent(lookedAt), '% more', '<= 10', lookedAt <= 1.1);

console.log('\nthe page, at 1,000 processes and 5,000 events a second');
const page = await measurePage({ seconds: quick ? 3 : 8, minutes: quick ? 0.2 : minutes });
if (typeof page === 'string') console.log(`  skipped: ${page}`);
else {
  const { eventsPerSecond } = page;
  report('events a second that the program served', eventsPerSecond.toFixed(0), '', '>= 4,500', eventsPerSecond >= 4_500);
  for (const [view, frames] of Object.entries(page.framesPerSecond)) {
    report(`frames a second, ${view}`, frames.toFixed(0), '', '> 30', frames > 30);
  }
  for (const [where, { first, second }] of Object.entries(page.memory)) {
    const growth = second / first - 1;
    report(`memory of the ${where}, second half beside first`, percent(1 + growth), '% more', '<= 10', growth <= 0.1);
  }
}
process.exitCode = words.includes('--gate') && results.includes(false) ? 1 : 0;

function percent(ratio) {
  return ((ratio - 1) * 100).toFixed(1);
}
