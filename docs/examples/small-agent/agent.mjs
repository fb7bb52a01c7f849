// Keeps the containers of a list running: what fails is started again, what is done is removed, and images nobody needs
// go when the disk fills. Containers outlive it: stop it, change it, start it again, and it takes them up.
//
//   node agent.mjs ROOT LIST        LIST: [{"id":"web","image":"alpine:3.20","argv":["/bin/sh","-c","sleep 600"]}, …]
import { readFileSync } from 'node:fs';
import { route, sendJson, serveAgent } from '@keelson/agent/server';
import { serveCommands } from 'keelson';

const [root, listFile] = process.argv.slice(2);
const wanted = JSON.parse(readFileSync(listFile, 'utf8'));
const restarts = new Map(wanted.map(({ id }) => [id, 0]));

const served = await serveAgent(
  { root, imageGc: { highWatermark: 0.9, excludedImages: wanted.map(({ image }) => image) }, shutdownTimeoutMs: 5_000 },
  {
    version: '1.0.0',
    log: ({ level, message }) => console.error(`${level}: ${message}`),
    // `keelson ps`, `keelson kill web` and all the others work on this root.
    run: serveCommands,
    // A page of our own, beside the whole API of the agent on ROOT/agent.sock.
    routes: () => [
      route({
        method: 'GET',
        path: '/restarts',
        summary: 'How often each container was started again.',
        answers: { 200: { description: 'Counts by container.' } },
        handle: ({ response }) => sendJson(response, Object.fromEntries(restarts)),
      }),
    ],
  },
);
const { agent, socket } = served;
console.log(`serving at ${socket}`);

let stopping = false;
for (const container of wanted) keep(container).catch(fail);
agent.failure.onReady(fail);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);

async function keep({ id, image, argv }) {
  const known = (await agent.containers()).find((each) => each.id === id);
  if (!known) await agent.launch({ id, image, argv });
  console.log(known ? `${id} is there, ${known.state}` : `${id} runs`);
  for (;;) {
    const { exitStatus } = await agent.wait(id);
    if (stopping) return;
    console.log(`${id} ended with ${exitStatus}`);
    await agent.remove(id);
    if (exitStatus === 0) return;
    restarts.set(id, restarts.get(id) + 1);
    // The first restart is at once, the others wait, for at most a minute.
    await new Promise((resolve) => setTimeout(resolve, Math.min(60_000, 1_000 * (restarts.get(id) - 1))));
    await agent.launch({ id, image, argv });
    console.log(`${id} runs again`);
  }
}

async function stop() {
  stopping = true;
  await served.close();
  process.exit(0);
}

/** What cannot go on ends the process: whatever supervises it starts it again, and it takes up its containers. */
function fail(error) {
  if (stopping) return;
  console.error(error);
  process.exit(1);
}
