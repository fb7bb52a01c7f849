export { main } from './main.js';
export type { OutputStreams } from './output.js';
export { readVersion } from './version.js';
