export type AgentErrorCode =
  | 'CONFIG_INVALID'
  | 'ROOT_UNUSABLE'
  | 'STORE_LOCKED'
  | 'AGENT_NOT_STARTED'
  | 'AGENT_CLOSED'
  | 'AGENT_STOPPED'
  | 'NOT_SUPPORTED'
  | 'NO_SUCH_OBJECT'
  | 'INVENTORY_INCOMPLETE'
  | 'NO_SUCH_CONTAINER'
  | 'CONTAINER_EXISTS'
  | 'CONTAINER_NOT_RUNNING'
  | 'SOCKET_UNUSABLE'
  | 'ADDRESS_UNUSABLE'
  | 'AGENT_GONE';

/** Why the agent could not do as asked. Codes are stable; each has a row in `docs/errors.md`. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  constructor(
    readonly code: AgentErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
