import { Deferred, Future } from '@keelson/process';
import type { BackendResult } from '@keelson/provisioner';
import { Backend, ProvisionerError } from '@keelson/provisioner';
import type { LayerTree } from '@keelson/store';
import type { MemoryFiles } from './memory-files.js';

/**
 * Makes an empty directory for a root filesystem, records what it is asked, and waits or fails where a test
 * says so.
 */
export class FakeBackend extends Backend<FakeBackend> {
  readonly provisioned: string[] = [];
  readonly destroyed: string[] = [];
  /** Set to fail every call of that name. */
  failing: { provision?: string; destroy?: string } = {};
  /** Layers of every root filesystem from the moment its making begins until it is gone. */
  readonly #underfoot = new Map<string, readonly string[]>();
  readonly #gates = new Map<'provision' | 'destroy', Deferred<void>>();

  constructor(private readonly files: MemoryFiles) {
    super('fake-backend');
  }

  close(call: 'provision' | 'destroy'): void {
    if (!this.#gates.has(call)) this.#gates.set(call, new Deferred<void>());
  }

  open(call: 'provision' | 'destroy'): void {
    this.#gates.get(call)?.set(undefined);
    this.#gates.delete(call);
  }

  wasDiscarded(call: 'provision' | 'destroy'): boolean {
    return this.#gates.get(call)?.future.hasDiscard() ?? false;
  }

  layersUnderfoot(): string[] {
    return [...this.#underfoot.values()].flat();
  }

  override provision(layers: readonly LayerTree[], rootfs: string): Future<BackendResult> {
    this.provisioned.push(rootfs);
    this.#underfoot.set(rootfs, layers.map(({ id }) => id));
    return this.#pass('provision').then(() => {
      if (this.failing.provision) throw new ProvisionerError('PROVISION_FAILED', this.failing.provision);
      this.files.makeDirectories(rootfs);
      return { ephemeralVolumes: [] };
    });
  }

  override destroy(rootfs: string): Future<boolean> {
    this.destroyed.push(rootfs);
    return this.#pass('destroy').then(() => {
      if (this.failing.destroy && rootfs.includes(this.failing.destroy)) {
        throw new ProvisionerError('DESTROY_FAILED', `'${rootfs}' is stuck`);
      }
      const present = this.files.has(rootfs);
      this.files.removeTree(rootfs);
      this.#underfoot.delete(rootfs);
      return present;
    });
  }

  #pass(call: 'provision' | 'destroy'): Future<void> {
    const gate = this.#gates.get(call);
    return gate ? gate.future : Future.ready(undefined);
  }
}
