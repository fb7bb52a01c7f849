/** The jobs of this package; every `PoolExecutor` has them. */
export const osJobs: Readonly<Record<string, URL>> = {
  'os.detach-mounts': new URL('./jobs/detach-mounts.js', import.meta.url),
  'os.mount-bind': new URL('./jobs/mount-bind.js', import.meta.url),
  'os.mount-overlay': new URL('./jobs/mount-overlay.js', import.meta.url),
  'os.probe-directory': new URL('./jobs/probe-directory.js', import.meta.url),
  'os.remove-tree': new URL('./jobs/remove-tree.js', import.meta.url),
  'os.unmount': new URL('./jobs/unmount.js', import.meta.url),
};
