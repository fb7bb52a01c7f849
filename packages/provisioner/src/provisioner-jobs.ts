/** The jobs of the provisioner, which run in the pool, by name. The input is a `CopyLayersInput`. */
export const provisionerJobs: Readonly<Record<string, URL>> = {
  'provisioner.copy-layers': new URL('./workers/copy-layers.js', import.meta.url),
};
