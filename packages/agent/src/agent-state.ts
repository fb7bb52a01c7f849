/**
 * Where an agent is in its life. RECOVERING is everything from the call of `start` until it is answered; one
 * whose start failed stays there until it is closed.
 */
export type AgentState = 'NEW' | 'RECOVERING' | 'RUNNING' | 'STOPPED' | 'CLOSED';
