/**
 * Deliberate faults that put a trap of Mesos back where no property of the simulation looks: a test of its own finds each.
 *
 * @typedef {{ id: string, file: string, search: string, replace: string, trap: string, test: string, name: string }} TrapMutant
 */

const on = (name) => `packages/${name}.test.ts`;

/** @type {readonly TrapMutant[]} */
export const trapMutants = [
  { id: 'a pruned journal loses configurations', trap: 'T8', file: 'store/dist/metadata-manager.js', search: 'this.#table = reader.table;', replace: 'this.#table = reader.table; for (const [key, image] of this.#table.images) this.#table.images.set(key, { ...image, config: {} });', test: on('store/test/metadata-manager'), name: 'the configuration (MESOS-9704)' },
  { id: 'what a backend that is gone here made stops the recovery', trap: 'T12', file: 'provisioner/dist/provisioner.js', search: 'this.#warn(`Keeping', replace: 'throw new Error(`unrecognized', test: on('provisioner/test/recover'), name: 'a backend that is not available' },
  { id: 'exclusions are compared as they were typed', trap: 'T14', file: 'store/dist/exclusion.js', search: 'canonical: formatReference(reference)', replace: 'canonical: text', test: on('store/test/prune'), name: 'keeps the layers of excluded images' },
  { id: 'a folder that stays behind fails the destroy', trap: 'T17', file: 'provisioner/dist/take-down-container.js', search: 'return Future.ready(undefined);\n    });', replace: 'return failed;\n    });', test: on('provisioner/test/destroy'), name: 'when the folder stays behind (T17)' },
  { id: 'a busy directory fails the destroy', trap: 'T17', file: 'provisioner/dist/overlay-backend.js', search: 'if (!isBusy(failure))', replace: 'if (true)', test: on('provisioner/test/overlay-backend'), name: 'reports a busy directory and goes on' },
  { id: 'a nested container of an unknown root is offered around', trap: 'T21', file: 'containerizer/dist/composing-containerizer.js', search: ': [this.#ownerOfRoot(id)];', replace: ': this.containerizers.map((each) => each.containerizer);', test: on('containerizer/test/composing'), name: '(T21)' },
  { id: 'a discarded wait reaches the owner', trap: 'T21', file: 'containerizer/dist/composing-containerizer.js', search: 'return owner ? undiscardable(owner.wait(id))', replace: 'return owner ? owner.wait(id)', test: on('containerizer/test/composing'), name: '(MESOS-7926)' },
  { id: 'the sandbox of a removed container stays', trap: 'T22', file: 'containerizer/dist/remove-container-files.js', search: 'return removeTree(context, paths.sandbox(id))', replace: 'return Futures.ready()', test: on('containerizer/test/destroy'), name: 'remove forgets an ended container with its folders' },
  { id: 'overlay without directory entry types', trap: 'T23', file: 'provisioner/dist/overlay-suitability.js', search: 'if (!entryTypes)', replace: 'if (false)', test: on('provisioner/test/choose-backend'), name: '' },
  { id: 'a token that ran out is used to the end', trap: 'T24', file: 'store/dist/registry/registry-exchange.js', search: 'if (answer.status !== 401)', replace: 'if (answer.status !== 401 || known !== undefined)', test: on('store/test/registry-puller'), name: 'are renewed once when they have run out' },
  { id: 'a removal leaves its descriptor open', trap: 'T25', file: 'os/dist/jobs/remove-tree.js', search: 'removal.close();', replace: '', test: on('os/test/remove-tree'), name: 'leaves no descriptor open' },
  { id: 'a launch that failed keeps what its isolators made', trap: 'T26', file: 'containerizer/dist/launch-container.js', search: 'this.container.isolators.push(isolator);', replace: '', test: on('containerizer/test/launch'), name: 'undoes what was done when the launcher fails' },
  { id: 'isolators prepare in another order', trap: 'T27', file: 'containerizer/dist/launch-container.js', search: 'return isolators\n            .reduce(', replace: 'return isolators.toReversed()\n            .reduce(', test: on('containerizer/test/launch'), name: 'prepares isolators in order' },
  { id: 'one layer that cannot move fails the prune', trap: 'T28', file: 'store/dist/prune-run.js', search: 'table.rescue(id);\n        this.#skipped.push', replace: 'if (error) throw error;\n        this.#skipped.push', test: on('store/test/prune'), name: 'reports a layer that cannot be renamed' },
  { id: 'what could not be removed is never tried again', trap: 'T29', file: 'store/dist/sweeper.js', search: 'this.#retrying.add(entry);', replace: '', test: on('store/test/prune'), name: 'retries it later' },
  { id: 'a failed prune takes the report of the others along', trap: 'T33', file: 'containerizer/dist/join-prunes.js', search: 'partial: { report, failures },', replace: 'partial: { report: mergePruneReports([]), failures },', test: on('containerizer/test/composing'), name: '(PRUNE_PARTIAL, T33)' },
  { id: 'a store with an owner is taken by a second', trap: 'T34', file: 'agent/dist/store-lock.js', search: "if ('release' in answer)", replace: "if (!('release' in answer)) return Break({ release: () => {} });\n        if ('release' in answer)", test: on('agent/test/store-lock'), name: 'is waited for while its owner is short' },
  { id: 'a shared layer is installed twice', trap: 'T35', file: 'store/dist/layer-installer.js', search: 'const shared = this.#flights.join(id, () => {', replace: 'const shared = ((start) => start())(() => {', test: on('store/test/pull'), name: 'shares the one download and the one unpacking' },
  { id: 'a condemned layer is built on', trap: 'T36', file: 'store/dist/layer-table.js', search: "if (this.#present.has(id))\n            return 'present';", replace: "if (this.#present.has(id) || this.#condemned.has(id))\n            return 'present';", test: on('store/test/layer-table'), name: '' },
];
