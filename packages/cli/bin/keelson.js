#!/usr/bin/env node
// Asking for the version loads one small module: scripts do it often, and the rest of the command is fifty times larger.
const [first, ...rest] = process.argv.slice(2);
if (rest.length === 0 && (first === 'version' || first === '--version' || first === '-V')) {
  const { readVersion } = await import('../dist/version.js');
  process.stdout.write(`keelson ${readVersion()}\n`);
} else {
  const { main } = await import('../dist/bundle/main.js');
  // Everything was written synchronously and the agent is closed: whatever still holds the event loop is not waited for.
  process.exit(await main(process.argv.slice(2)));
}
