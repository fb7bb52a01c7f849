export { TraceRing } from './trace-ring.js';
