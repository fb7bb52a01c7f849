import { parentPort, workerData } from 'node:worker_threads';
import { serveImages } from '../agent/images.mjs';

/**
 * The registry in a thread of its own, so that what it costs is not taken for what the agent costs. Sends what it
 * serves, then every fetch of a blob with the time of day at which it was answered.
 */
const { registry, images } = await serveImages(workerData.images);
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const tell = (message) => parentPort.postMessage(message);
registry.accessLog.push = ({ method, path, status }) => {
  const blob = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(path)?.[1];
  if (method === 'GET' && blob) tell({ kind: 'fetch', blob, status, atMs: performance.timeOrigin + performance.now() });
  return 0;
};
tell({ kind: 'ready', images });
