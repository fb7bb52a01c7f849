/** Who a container's first process is, as numbers. */
export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, `gid` not among them. */
  readonly additionalGids: readonly number[];
}
