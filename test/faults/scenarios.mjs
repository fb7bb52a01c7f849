import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What is walked. `before` makes the root, unwatched; `walk` is watched, change by change; `acknowledged` names what a
 * whole walk has promised: images that are listed and containers that stand after it, `gone` what is not.
 */
export function scenarios({ reference, source, move }) {
  const [left, right, moved] = ['left', 'right', 'moved'].map(reference);
  const pull = (name, options) => (agent) => agent.store.pull(name, options);
  const all = (...steps) => async (agent) => {
    for (const step of steps) await agent.ask(step);
  };
  const forced = { cached: false };
  return [
    { name: 'the first start', walk: (agent) => agent.containerizer.recover(), unstarted: true },
    { name: 'pull into an empty store', walk: pull(left), images: [left] },
    { name: 'pull beside a shared base', before: all(pull(left)), walk: pull(right), images: [right] },
    { name: 'load a layout', walk: pull(source), images: ['localhost/layout:one'], loads: true },
    {
      name: 'pull a name that has moved',
      before: async (agent) => {
        move(0);
        await agent.ask(pull(moved));
        move(1);
      },
      after: () => move(0),
      walk: pull(moved, forced),
      images: [moved],
      retags: true,
    },
    { name: 'provision', before: all(pull(left)), walk: (agent) => agent.provision('web', left), containers: ['web'] },
    { name: 'pull and provision', walk: (agent) => agent.provision('web', left), images: [left], containers: ['web'] },
    {
      name: 'destroy',
      before: all((agent) => agent.provision('web', left), (agent) => agent.provision('keep', right)),
      walk: (agent) => agent.destroy('web'),
      gone: ['web'],
    },
    {
      name: 'prune beside a container',
      before: all(pull(right), pull(source), (agent) => agent.provision('keep', left)),
      walk: (agent) => agent.prune(),
      forgets: true,
    },
    {
      name: 'pin, untag and use',
      before: all(pull(left), pull(right)),
      walk: (agent) =>
        agent.metadata
          .pin(canonical(left))
          .then(() => agent.metadata.forget([canonical(right)]))
          .then(() => agent.store.get(left))
          .then(() => agent.store.flush()),
      images: [left],
      forgets: true,
    },
    {
      name: 'recovery',
      before: all(pull(left), pull(right), (agent) => agent.provision('keep', left)),
      litter: litterOf,
      walk: (agent) => agent.containerizer.recover(),
      unstarted: true,
    },
    {
      name: 'recovery of a torn journal',
      before: all(pull(left), pull(right)),
      litter: (root) => appendFileSync(join(root, 'store/docker/storedImages'), '{"format":"keelson.im'),
      walk: (agent) => agent.containerizer.recover(),
      unstarted: true,
    },
  ];
}

export function canonical(reference) {
  return reference;
}

/** What a crash and other people may leave: work in progress, trash, strangers, a container that nobody knows. */
function litterOf(root) {
  const store = join(root, 'store/docker');
  const put = (path) => {
    mkdirSync(join(path, 'rootfs/deep'), { recursive: true });
    writeFileSync(join(path, 'rootfs/deep/file'), 'litter\n');
  };
  put(join(store, 'staging/abc'));
  put(join(store, `gc/${'a'.repeat(64)}.xyz`));
  put(join(store, `layers/${'b'.repeat(64)}`));
  put(join(store, 'layers/stranger'));
  put(join(root, 'provisioner/containers/ghost/backends/copy/rootfses/r1'));
  writeFileSync(join(store, 'layers', '.tmp-left'), '');
  if (readdirSync(store).length === 0) throw new Error('there is no store to litter');
}
