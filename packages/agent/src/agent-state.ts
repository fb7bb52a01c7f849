/**
 * Where an agent is in its life. RECOVERING is everything from the call of `start` until it is answered; one
 * whose start failed stays there until it is closed.
 */
export type AgentState = 'NEW' | 'RECOVERING' | 'RUNNING' | 'STOPPED' | 'CLOSED';

/**
 * What an agent that recovers is at: its directories and the lock of its root, the ways to make root filesystems, the
 * containers of an earlier life with the root filesystems they stand on, or its images and layers.
 */
export type RecoveryPhase = 'ROOT' | 'BACKENDS' | 'CONTAINERS' | 'STORE';
