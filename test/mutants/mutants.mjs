/**
 * Deliberate faults, each put into a copy of the built packages, one at a time.
 *
 * `search` is exact text of the built file and occurs once (or `all` is set); `killer` is the law expected to find it.
 *
 * @typedef {{ id: string, file: string, search: string, replace: string, killer: string, trap?: string, all?: boolean }} Mutant
 */

/** @type {readonly Mutant[]} */
export const mutants = [
  // The lock.
  { id: 'readers overtake a waiting writer', file: 'process/dist/locks/lock-queue.js', search: 'if (this.#waiting.size > 0 || !admits(', replace: 'if (!admits(', killer: 'P8' },
  { id: 'a writer enters beside readers', file: 'process/dist/locks/lock-rules.js', search: "return !writing && (kind === 'read' || readers === 0);", replace: 'return !writing;', killer: 'P8' },
  { id: 'a release lets in one reader, not the run of them', file: 'process/dist/locks/lock-queue.js', search: 'group += 1;', replace: 'return group + 1;', killer: 'P8' },
  { id: 'a release lets a writer in beside readers', file: 'process/dist/locks/lock-queue.js', search: 'if (!admits(this.#holders, kind))\n                break;', replace: 'if (this.#holders.writing) break;', killer: 'P8' },
  { id: 'a writer that gave up still holds back the readers', file: 'process/dist/locks/lock-queue.js', search: 'settle(future, DISCARDED, undefined);\n        this.#letIn(group);', replace: 'settle(future, DISCARDED, undefined);', killer: 'P8', trap: 'T11' },
  { id: 'work that was discarded gives its lease back at once', file: 'process/dist/locks/hold.js', search: 'watch(work, this);', replace: 'watch(work, this); this.result.onDiscard?.(() => this.#release());', killer: 'P8', trap: 'T11' },
  { id: 'unlock twice', file: 'process/dist/locks/lease.js', search: 'lessor.giveBack(this.#ticket);', replace: 'lessor.giveBack(this.#ticket); lessor.giveBack(this.#ticket);', killer: 'P8' },
  { id: 'a failed step keeps its lease', file: 'process/dist/locks/hold.js', search: '#end(state, value) {\n        this.#release();', replace: '#end(state, value) {\n        if (state === READY) this.#release();', killer: 'P6 a launch', trap: 'T5' },

  // The provisioner.
  { id: 'layers are not put into memory', file: 'provisioner/dist/provisioner.js', search: 'entry.rootfses.set(provisioned.rootfsId, provisioned);', replace: '', killer: 'P1 launches', trap: 'T1' },
  { id: 'only the last root filesystem is remembered', file: 'provisioner/dist/provisioner.js', search: 'entry.rootfses.set(provisioned.rootfsId, provisioned);', replace: 'entry.rootfses.clear(); entry.rootfses.set(provisioned.rootfsId, provisioned);', killer: 'P3 every root', trap: 'T2' },
  { id: 'the record of layers is not written', file: 'provisioner/dist/provisioner.js', search: 'return this.#checkpoint(entry).repair(', replace: 'return Future.ready(undefined).repair(', killer: 'P3', trap: 'T1' },
  { id: 'the root falls before the record', file: 'provisioner/dist/provisioner.js', search: 'const entered = this.gate.pass(', replace: 'provisioning.store.release(provisioning.owner); const entered = this.gate.pass(', killer: 'P5 nested destroys' },
  { id: 'no root is taken for a launch', file: 'provisioner/dist/provisioner.js', search: '.get(image.name, { ...wanted, owner })', replace: '.get(image.name, { ...wanted })', killer: 'P5 nested destroys' },
  { id: 'a failed launch keeps its root', file: 'provisioner/dist/provisioner.js', search: '#withdraw({ entry, store, owner }, failed) {\n        store.release(owner);', replace: '#withdraw({ entry, store, owner }, failed) {', killer: 'P6', trap: 'T11' },
  { id: 'the root of a launch is never given back', file: 'provisioner/dist/provisioner.js', search: 'store.release(owner);\n        const about', replace: 'const about', killer: 'P6' },
  { id: 'a nested destroy asks for the read lease that it holds', file: 'provisioner/dist/provisioner.js', search: '.map((child) => this.#takeDown(child));', replace: '.map((child) => this.gate.pass(\'destroy\', defer(this, (one) => this.gate.pass(\'destroy\', defer(this, this.#takeDown, one)), child)));', killer: 'P5 nested destroys', trap: 'T6' },
  { id: 'a destroy waits for pulls under the read lease', file: 'provisioner/dist/provisioner.js', search: 'const work = awaitAll([...provisioning, ...below])', replace: 'const work = this.gate.pass(\'destroy\', () => awaitAll([...provisioning, ...below]))', killer: 'P5 a destroy', trap: 'T6' },
  { id: 'a destroy does not wait for work in progress', file: 'provisioner/dist/provisioner.js', search: 'awaitAll([...provisioning, ...below])', replace: 'awaitAll([...below])', killer: 'P4 a launch' },
  { id: 'a destroy does not give up the pull', file: 'provisioner/dist/provisioner.js', search: 'provisioning.forEach((pending) => pending.discard());', replace: '', killer: 'P5', trap: 'T4' },
  { id: 'an image is pulled under the read lease', file: 'provisioner/dist/provisioner.js', search: 'store.get(image.name, { ...wanted, owner }).then(', replace: 'this.gate.pass(\'provision\', () => store.get(image.name, { ...wanted, owner })).then(', killer: 'P5', trap: 'T4' },
  { id: 'a launch into a container that is being destroyed', file: 'provisioner/dist/provisioner.js', search: 'if (!this.#destructions.cover(containerId))', replace: 'if (true)', killer: 'P4 a launch' },
  { id: 'a record is written beside the one before', file: 'provisioner/dist/provisioner.js', search: 'return entry.records.add(() => writeLayersRecord(', replace: 'return ((write) => write())(() => writeLayersRecord(', killer: 'P3 every root', trap: 'T2' },
  { id: 'prune forgets what containers stand on', file: 'provisioner/dist/start-prune.js', search: 'const told = { ...options, users: containers.holders(users) };\n    const { opened, report } = pruneStores(stores, excluded, containers.layersInUse(), told);', replace: 'const told = { ...options, users: [] };\n    const { opened, report } = pruneStores(stores, excluded, [], told);', killer: 'P1 launches' },
  { id: 'prune before the provisioner has recovered', file: 'provisioner/dist/provisioner.js', search: "this.#requireRecovered('prune images');", replace: 'if (!this.#recovered) return Future.ready({});', killer: 'P9', trap: 'T3' },
  { id: 'a prune joins one with other exclusions', file: 'provisioner/dist/provisioner.js', search: 'const running = this.#pruning.get(key);', replace: 'const running = [...this.#pruning.values()][0];', killer: 'P4 prunes with' },
  { id: 'recovery does not look at the records', file: 'provisioner/dist/read-provisioned-containers.js', search: '(record?.rootfses ?? [])', replace: '[]', killer: 'P1', trap: 'T15' },
  { id: 'unknown containers stay', file: 'provisioner/dist/provisioner.js', search: 'this.#containers.unknownTo(known)', replace: '[]', killer: 'P4 a container' },
  { id: 'a copied root filesystem is not made durable', file: 'provisioner/dist/copy-backend.js', search: 'this.#files.syncFileSystem(rootfs)', replace: 'this.#files.status(rootfs)', killer: 'P3 what' },
  { id: 'folders of destroyed containers stay', file: 'provisioner/dist/take-down-container.js', search: '(onDisk ? removeFolder(id, options) : undefined)', replace: 'undefined', killer: 'P4' },

  { id: 'a refused record stays on disk', file: 'provisioner/dist/provisioner.js', search: 'return this.#checkpoint(entry).recover(() => { }).then(() => failed);', replace: 'return failed;', killer: 'P6 a launch' },

  // The store: roots and prune.
  { id: 'roots hold no layers', file: 'store/dist/roots.js', search: 'root.layers.add(id);', replace: ';', killer: 'P1 what an owner' },
  { id: 'what is released during a prune does not linger', file: 'store/dist/roots.js', search: 'this.#lingering.push({ root, since: this.#prunes });', replace: ';', killer: 'P1 what is let' },
  { id: 'references held do not count', file: 'store/dist/roots.js', search: 'for (const { owner, references } of this.list())\n            addAll(held, references, heldBy(owner));', replace: '', killer: 'P1 what an owner' },
  { id: 'a prune does not ask the roots', file: 'store/dist/docker-store.js', search: 'whyLive: (id) => request.whyLive(id)', replace: 'whyLive: () => undefined', killer: 'P1 what an owner', trap: 'T9' },
  { id: 'nothing that a pull finds is rooted', file: 'store/dist/image-pull.js', search: 'roots.hold(this.#rootOwner, holdingOf(image));\n        for (const asker of this.#askers)\n            this.#rootFor(asker, image);', replace: '', killer: 'P1 what an owner', trap: 'T36' },
  { id: 'askers do not hold what the pull finds', file: 'store/dist/image-pull.js', search: 'for (const asker of this.#askers)\n            this.#rootFor(asker, image);', replace: '', killer: 'P1 what an owner' },
  { id: 'a known image is used without a root', file: 'store/dist/image-acquisition.js', search: 'roots.hold(asker, { digest: known.digest, layers: known.layers });', replace: ';', killer: 'P1 what an owner' },
  { id: 'the root is taken after the look', file: 'store/dist/image-acquisition.js', search: 'roots.hold(asker, { reference: source.key });', replace: '', killer: 'P1 launches' },
  { id: 'a pull keeps its root', file: 'store/dist/image-pull.js', search: 'roots.release(this.#rootOwner);', replace: '', killer: 'P6' },
  { id: 'layers move before the names are forgotten', file: 'store/dist/prune-run.js', search: '.prune({ exclusions, references: heldReferences(), ...(choice && { choice }) }, atVersion)', replace: '.images().then(({ images }) => { const references = heldReferences(); const keeps = (image) => references.has(image.reference) || exclusions.some((each) => each.canonical === image.reference); void metadata.prune({ exclusions, references }, atVersion); return { kept: images.filter(keeps).map((image) => ({ image })), removed: images.filter((image) => !keeps(image)), unmatchedExclusions: [] }; })', killer: 'P1 launches' },
  { id: 'prune before the store has recovered', file: 'store/dist/docker-store.js', search: "this.#expectRecovered('prune');", replace: '', killer: 'P9', trap: 'T3' },
  { id: 'a prune does not start the sweep', file: 'store/dist/docker-store.js', search: 'this.#roots.closePrune(opened);\n            this.#options.sweeper.sweep();', replace: 'this.#roots.closePrune(opened);', killer: 'P4' },
  { id: 'the sweep takes live names', file: 'store/dist/sweeper.js', search: 'listOrNone(this.#options.files, this.#options.paths.gc)', replace: 'listOrNone(this.#options.files, this.#options.paths.layers)', killer: 'P4' },
  { id: 'names in gc/ are not unique', file: 'store/dist/paths.js', search: 'return `${this.gc}/${name}.${unique}`;', replace: 'return `${this.gc}/${name}.${unique && 0}`;', killer: 'P4', trap: 'T28' },

  // The store: pulls, layers and records.
  { id: 'a pull in flight is forgotten', file: 'store/dist/single-flight.js', search: 'this.#flights.set(key, flight);', replace: '', killer: 'P7', trap: 'T13' },
  { id: 'an ended flight erases its successor', file: 'store/dist/single-flight.js', search: 'if (this.#flights.get(key) === flight)', replace: 'if (true)', killer: 'P7 who asks', trap: 'T13' },
  { id: 'one asker who leaves ends the pull', file: 'store/dist/single-flight.js', search: 'if (flight.interested > 0)\n            return;', replace: '', killer: 'P7', trap: 'T13' },
  { id: 'a shared blob is deleted under its second user', file: 'store/dist/blob-cache.js', search: 'if (held.users > 0)\n                    return;', replace: '', killer: 'P7', trap: 'T37' },
  { id: 'a layer is published before it is durable', file: 'store/dist/grouped-sync.js', search: 'this.files.syncFileSystem(this.path)', replace: 'this.files.status(this.path)', killer: 'P2' },
  { id: 'the rename of a layer is not made durable', file: 'store/dist/layer-publisher.js', search: '.then(() => files.syncDirectory(paths.layers).repair((failed) => this.#takeBack(record, stage, failed)));', replace: ';', killer: 'P3 the power' },
  { id: 'the image is stored before its layers are there', file: 'store/dist/image-pull.js', search: '.then(defer(this.context.owner, (image) => this.#install(image)))', replace: '.then(defer(this.context.owner, (image) => { void this.context.metadata.put({ reference: image.reference, digest: image.digest, configDigest: image.configDigest, config: image.config, platform: image.platform, layers: image.layers.map((each) => each.id), layerBlobs: [], sizeBytes: 0, pulledAt: "", pinned: false }); return this.#install(image); }))', killer: 'P1 launches' },
  { id: 'memory changes before the journal', file: 'store/dist/metadata-manager.js', search: 'this.#append(entries).then(() => answer)', replace: '(entries.forEach((entry) => applyEntry(this.#table, entry)), this.#append([]).then(() => answer))', killer: 'P3 what', trap: 'T31' },
  { id: 'a refused line stays in the journal', file: 'store/dist/metadata-manager.js', search: 'this.#tailInDoubt = true;', replace: '', killer: 'P3 a pull or', trap: 'T31' },
  { id: 'a torn line is appended to', file: 'store/dist/metadata-manager.js', search: 'return reader.torn ? this.#rewrite().then(() => recovery) : Future.ready(recovery);', replace: 'return Future.ready(recovery);', killer: 'P3 what is ack', trap: 'T10' },
  { id: 'a force pull answers from the cache', file: 'store/dist/image-acquisition.js', search: 'options.cached === false || ', replace: '', killer: 'P1 what an owner' },
  { id: 'a passing fault of the network is not tried again', file: 'store/dist/registry/backoff.js', search: 'attempts: 5', replace: 'attempts: 1', killer: 'P7', trap: 'T24' },
  { id: 'a failed unpack leaves its staging area', file: 'store/dist/layer-installer.js', search: 'this.options.discardArea(unique);', replace: '', killer: 'P6 a discarded', trap: 'T20' },
  { id: 'a discarded transfer keeps its slot', file: 'store/dist/slots.js', search: 'running.onAny(() => this.#ended());', replace: 'running.onReady(() => this.#ended());', killer: 'P6 pulls that are given', trap: 'T5' },
  { id: 'staging is not cleared at a start', file: 'store/dist/store-recovery.js', search: '.then(() => clearStaging(context))', replace: '.then(() => 0)', killer: 'P4', trap: 'T20' },
  { id: 'directories are not made at a start', file: 'store/dist/store-recovery.js', search: 'return makeDirectories(context)', replace: 'return listOrNone(files, paths.root)', killer: 'P4', trap: 'T16' },
  { id: 'images whose layers are gone stay listed', file: 'store/dist/store-recovery.js', search: 'if (dropped.size === 0)', replace: 'if (dropped.size >= 0)', killer: 'P2 an image whose' },
  { id: 'an I/O error moves a layer aside', file: 'store/dist/inventory.js', search: "if (!ofTheEntry.has(codeOf(failure) ?? ''))\n        throw failure;", replace: '', killer: 'P3 a start' },
  { id: 'a start does not read the layers that are there', file: 'store/dist/docker-store.js', search: 'for (const layer of layers)\n                this.#table.publish(layer);', replace: '', killer: 'P4' },

  { id: 'a layer that is not durable stays in its place', file: 'store/dist/layer-publisher.js', search: 'return files.rename(paths.layer(record.id), stage).then(() => failed);', replace: 'return (void paths, void files, void stage, failed);', killer: 'P3 a pull or' },

  // The containerizer.
  { id: 'prune forgets the images of containers', file: 'containerizer/dist/mesos-containerizer.js', search: 'users.push({ container: id, images: imagesOf(record.config.config) });', replace: ';', killer: 'P1 a prune keeps', trap: 'T14' },
  { id: 'the configuration is not on disk before the launch', file: 'containerizer/dist/launch-container.js', search: '.then(() => checkpoint(files, paths.config(id), configFormat, record.config));', replace: ';', killer: 'P3 a container', trap: 'T7' },
  { id: 'a destroy does not wait for the step at work', file: 'containerizer/dist/destroy-container.js', search: '.then(() => settled(container.step))', replace: '', killer: 'P5 nested launches' },
  { id: 'a destroy leaves the processes', file: 'containerizer/dist/destroy-container.js', search: '.then(turn(() => this.#killProcesses()))', replace: '', killer: 'P5 nested launches' },
  { id: 'a destroy leaves nested containers', file: 'containerizer/dist/destroy-container.js', search: 'awaitAll([...container.children].map(this.destroyChild))', replace: 'awaitAll([])', killer: 'P5 nested containers', trap: 'T6' },
  { id: 'a destroy leaves the root filesystem', file: 'containerizer/dist/destroy-container.js', search: 'this.#releaseRootfs().then(() => ending)', replace: 'ending', killer: 'P5 nested containers' },
  { id: 'a failed destroy is not tried again', file: 'containerizer/dist/mesos-containerizer.js', search: 'container.destroying = undefined;', replace: '', killer: 'P6 failed', trap: 'T32' },
  { id: 'the process is not noted on disk', file: 'containerizer/dist/launch-container.js', search: 'return checkpoint(files, paths.pid(id), processFormat, process).then(() =>', replace: 'return Future.ready().then(() =>', killer: 'P3 a container' },
  { id: 'recovery watches nobody', file: 'containerizer/dist/recover-containers.js', search: 'running.forEach(table.watch);', replace: '', killer: 'P3 a container' },
  { id: 'leftovers of a crash stay', file: 'containerizer/dist/recover-containers.js', search: ".filter(({ state }) => state === 'STARTING')", replace: '.filter(() => false)', killer: 'P1 containers outlive' },
  { id: 'containers are said to be unknown to the provisioner', file: 'containerizer/dist/recover-containers.js', search: 'return provisioner\n            .recover(kept)', replace: 'return provisioner\n            .recover([])', killer: 'P3 a container' },

  // Collections of images.
  { id: 'the most recently used go first', file: 'store/dist/reclaim.js', search: 'return first < second ? -1 : 1;', replace: 'return first < second ? 1 : -1;', killer: 'P10 a collection takes' },
  { id: 'a collection takes all that may go', file: 'store/dist/reclaim.js', search: 'if (bytes >= reclaim.bytes)', replace: 'if (false)', killer: 'P10 a collection takes', trap: 'T30' },
  { id: 'a collection stops before enough is free', file: 'store/dist/reclaim.js', search: 'if (bytes >= reclaim.bytes)', replace: 'if (bytes > 0)', killer: 'P10 a collection takes' },
  { id: 'a pin does not count', file: 'store/dist/keep-reason.js', search: "return image.pinned ? 'pinned' : undefined;", replace: 'return undefined;', killer: 'P10' },
  { id: 'young images go too', file: 'store/dist/reclaim.js', search: 'if (lastUseOf(image) < reclaim.unusedSince)', replace: 'if (true)', killer: 'P10' },
  { id: 'images go whose layers others need', file: 'store/dist/reclaim.js', search: 'holders.get(id) === 0 && allocated.has(id)', replace: 'true', killer: 'P10 a collection takes' },
];
