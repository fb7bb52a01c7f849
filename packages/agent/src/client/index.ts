export { AgentError } from '../agent-error.js';
export { answerFor } from './answer-for.js';
export { callAgent, signalCommand } from './call-agent.js';
export type { InputPlace } from '@keelson/os';
export type { Chunk, CommandLine, CommandRequest, SignalRequest, StreamKind } from './command-protocol.js';
export { decodeChunk } from './command-protocol.js';
export { drained } from './drained.js';
export { ownInput } from './own-input.js';
export { socketPathOf } from './socket-path.js';
