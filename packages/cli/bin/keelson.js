#!/usr/bin/env node
// Asking for the version loads one small module: scripts do it often, and the rest of the command is fifty times larger.
const [first, ...rest] = process.argv.slice(2);
if (rest.length === 0 && (first === 'version' || first === '--version' || first === '-V')) {
  const { readVersion } = await import('../dist/version.js');
  process.stdout.write(`keelson ${readVersion()}\n`);
} else {
  const { main } = await import('../dist/bundle/main.js');
  const exitCode = await main(process.argv.slice(2));
  // Node queues what the reader of a pipe has not taken yet. An empty piece is written once all before it are.
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((written) => stream.write('', written))));
  // The agent is closed: whatever still holds the event loop is not waited for.
  process.exit(exitCode);
}
