import { ContainerPaths, containerConfig, MesosContainerizer } from '@keelson/containerizer';
import { HttpClient, LocalFiles, LocalHost, osJobs } from '@keelson/os';
import { Future, RealClock, Runtime } from '@keelson/process';
import { CopyBackend, Provisioner, ProvisionerPaths, provisionerJobs } from '@keelson/provisioner';
import {
  DockerStore,
  LayoutPuller,
  MetadataManager,
  PullerRouter,
  RegistryPuller,
  StorePaths,
  storeJobs,
  Sweeper,
} from '@keelson/store';

/** Runs jobs on this thread, where their system calls can be watched. Those of a dead life never end. */
class InlineExecutor {
  #life;
  constructor(life) {
    this.#life = life;
  }

  execute({ name, input }) {
    return Future.from(this.#run({ ...osJobs, ...storeJobs, ...provisionerJobs }[name], input));
  }

  async #run(url, input) {
    const { default: job } = await import(url);
    try {
      return await job(structuredClone(input));
    } catch (error) {
      if (this.#life.dead) return new Promise(() => {});
      throw error;
    }
  }
}

/** The store, the provisioner and the native containerizer on real files, as an agent wires them. */
export class WalkedAgent {
  constructor(root, life) {
    this.root = root;
    this.life = life;
    life.roots.push(root);
    life.inside(() => this.#wire());
  }

  /** Takes up what an earlier life left. */
  start() {
    return this.ask(() => this.containerizer.recover());
  }

  /** One request, as part of this life. A future of a killed life is never settled: who asks races it with `killed`. */
  ask(request) {
    return this.life.inside(async () => request(this));
  }

  provision(id, name) {
    const config = containerConfig({ image: { type: 'DOCKER', name }, backend: 'copy', provisionOnly: true, stdio: 'sandbox' });
    return this.containerizer.launch(id, config).then(() => this.containerizer.status(id));
  }

  destroy(id) {
    return this.containerizer.destroy(id).then(() => this.containerizer.remove(id));
  }

  /** Answers when all bytes are gone. */
  prune() {
    return this.containerizer.pruneImages([]).then((report) => this.sweeper.quiet().then(() => report));
  }

  async end() {
    this.http.close();
    if (!this.life.dead) await this.life.inside(() => this.runtime.finalize());
  }

  #wire() {
    const { root, life } = this;
    const runtime = (this.runtime = new Runtime());
    const files = new LocalFiles();
    const host = new LocalHost();
    const http = (this.http = new HttpClient());
    const { random } = runtime;
    const clock = new RealClock();
    const executor = new InlineExecutor(life);
    const paths = (this.storePaths = new StorePaths(root));
    const metadata = (this.metadata = runtime.spawn(new MetadataManager({ paths, files, random })));
    const puller = runtime.spawn(
      new PullerRouter({
        docker: runtime.spawn(new RegistryPuller({ http, files, random })),
        oci: runtime.spawn(new LayoutPuller({ files })),
      }),
    );
    const sweeper = (this.sweeper = runtime.spawn(new Sweeper({ paths, files, executor })));
    const shared = { paths, files, executor, host, random, clock };
    this.store = runtime.spawn(new DockerStore({ ...shared, metadata, puller, sweeper }));
    const copy = runtime.spawn(new CopyBackend({ files, executor }));
    this.provisioner = runtime.spawn(
      new Provisioner({
        ...shared,
        paths: new ProvisionerPaths(`${root}/provisioner`),
        stores: new Map([['DOCKER', this.store]]),
        backends: new Map([['copy', copy]]),
        whyUnsuitable: () => Future.ready(undefined),
        defaultBackend: 'copy',
      }),
    );
    this.containerizer = runtime.spawn(
      new MesosContainerizer({ ...shared, paths: new ContainerPaths(root), provisioner: this.provisioner, launchers: [] }),
    );
  }
}
