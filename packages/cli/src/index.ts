export { main } from './main.js';
export type { OutputStreams } from './output.js';
export { serveCommands } from './serve-commands.js';
export { readVersion } from './version.js';
