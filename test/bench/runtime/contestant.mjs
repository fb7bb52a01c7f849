/**
 * One contestant of one load, in a process of its own: its heap and its compiled code are nobody else's.
 *
 * The parent asks for slices one at a time and goes round the contestants, so that what else the machine does falls on
 * all of them alike. A slice answers its CPU nanoseconds per operation, all threads included (the collector's too).
 */
const [file, name] = process.argv.slice(2);
const { load } = await import(file);
const contestant = load.contestants[name];
const slice = await contestant.prepare();

process.on('message', async ({ operations, afterRest }) => {
  // While the others ran this process rested, and the host took pages and compiled code back. One slice to get up again:
  // what is compared is a program at work.
  if (afterRest) await slice(operations);
  // No forced collection in between: it shrinks the young generation and throws compiled code away, which nobody's program does.
  const before = process.cpuUsage();
  const own = await slice(operations);
  const used = process.cpuUsage(before);
  // A load that measures something else than time answers the figure itself.
  process.send(typeof own === 'number' ? own : ((used.user + used.system) * 1000) / operations);
});
process.send('ready');
