export { Interceptors } from './interceptors.js';
export type { InterceptedMessage, MessagePattern } from './interceptors.js';
export { futureMatchers } from './matchers.js';
export type { ExpectedFailure, FutureMatchers } from './matchers.js';
export { settle } from './settle.js';
