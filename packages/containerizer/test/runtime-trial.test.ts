import type { ChildOptions, Subprocesses } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { RuntimeTrial } from '../dist/runtime-trial.js';
import { FakeHost } from './support/fakes.js';
import { MemoryFiles } from './support/memory-files.js';

class HostWithPrograms extends FakeHost {
  override findProgram(name?: string): Future<string | undefined> {
    return Future.ready(`/usr/bin/${name}`);
  }
}

/** A machine on which the runtime works, unless the test says how it fails. */
class Machine {
  readonly files = new MemoryFiles();
  readonly runs: (readonly string[])[] = [];
  /** What the runtime says where it sees the hybrid cgroup, and where it does not. */
  says = { plain: 'exec: "/keelson-probe": not found', hidden: 'exec: "/keelson-probe": not found' };

  constructor() {
    this.files.file('/usr/bin/crun', 'program');
    this.files.file('/proc/self/status', 'CapBnd:\t00000000a80425fb\nSeccomp:\t0\n');
    this.files.file('/proc/self/limits', '');
    this.files.file('/proc/sys/kernel/random/boot_id', 'this-boot\n');
    for (const name of ['cgroup', 'mnt', 'pid', 'user']) this.files.link(`/proc/self/ns/${name}`, `${name}:[1]`);
  }

  /** A trial of an agent that begins now. */
  trial(): RuntimeTrial {
    const run = ({ argv }: ChildOptions) => {
      this.runs.push(argv);
      const stderr = argv[0] === '/usr/bin/unshare' ? this.says.hidden : this.says.plain;
      return Future.ready({ exitCode: 1, stdout: '', stderr });
    };
    const subprocesses = { run } as unknown as Subprocesses;
    return new RuntimeTrial('crun', {
      files: this.files,
      host: new HostWithPrograms(),
      subprocesses,
      probeDirectory: '/root/runtime/probe',
    });
  }
}

describe('the trial of a runtime', () => {
  it('has it run something that no root filesystem has, in a folder of its own', async () => {
    const machine = new Machine();

    expect(await machine.trial().run()).toMatchObject({ program: '/usr/bin/crun' });
    expect(machine.runs).toEqual([expect.arrayContaining(['/usr/bin/crun', '/root/runtime/probe/crun/launcher'])]);
    expect(JSON.parse(machine.files.text('/root/runtime/probe/crun/launcher/config.json'))).toMatchObject({
      process: { args: ['/keelson-probe'] },
    });
  });

  it('is believed by the next agent', async () => {
    const machine = new Machine();
    const first = machine.trial();
    const working = await first.run();
    const next = machine.trial();

    expect(await next.run()).toEqual(working);
    expect([machine.runs.length, first.isBelieved, next.isBelieved]).toEqual([1, false, true]);
  });

  it('finds out once that it must not see the hybrid cgroup', async () => {
    const machine = new Machine();
    machine.files.directory('/sys/fs/cgroup/unified');
    machine.says.plain = 'cgroup: no such controller';

    const working = await machine.trial().run();

    expect(working.hidden).toEqual({ unshare: '/usr/bin/unshare', path: '/sys/fs/cgroup/unified' });
    expect(await machine.trial().run()).toEqual(working);
    expect(machine.runs).toHaveLength(2);
  });

  it.each<[string, (files: MemoryFiles) => void]>([
    ['another program', (files) => files.file('/usr/bin/crun', 'a newer program')],
    ['another boot', (files) => files.file('/proc/sys/kernel/random/boot_id', 'another-boot\n')],
    ['another namespace', (files) => files.link('/proc/self/ns/mnt', 'mnt:[2]')],
    ['other rights', (files) => files.file('/proc/self/status', 'CapBnd:\t00000000a80425fb\nSeccomp:\t2\n')],
    ['a hybrid cgroup', (files) => files.directory('/sys/fs/cgroup/unified')],
    ['a record that is damaged', (files) => files.file('/root/runtime/probe/crun/works', 'no record')],
  ])('is done anew for %s', async (_, change) => {
    const machine = new Machine();
    await machine.trial().run();
    change(machine.files);

    const trial = machine.trial();
    await trial.run();

    expect([machine.runs.length, trial.isBelieved]).toEqual([2, false]);
  });

  it('is done anew where the circumstances cannot be told', async () => {
    const machine = new Machine();
    await machine.files.remove('/proc/self/ns/mnt');

    await machine.trial().run();
    await machine.trial().run();

    expect(machine.runs).toHaveLength(2);
    expect(machine.files.has('/root/runtime/probe/crun/works')).toBe(false);
  });

  it('is done anew once it was forgotten', async () => {
    const machine = new Machine();
    await machine.trial().run();
    const trial = machine.trial();
    await trial.run();
    await trial.forget();

    await machine.trial().run();

    expect(machine.runs).toHaveLength(2);
  });

  it('fails with what the runtime said, and then is never believed', async () => {
    const machine = new Machine();
    machine.says.plain = 'first line\ncannot make a namespace';

    await expect(machine.trial().run()).rejects.toMatchObject({
      code: 'NO_LAUNCHER',
      message: expect.stringContaining('cannot make a namespace'),
    });
    await expect(machine.trial().run()).rejects.toMatchObject({ code: 'NO_LAUNCHER' });
    expect(machine.runs).toHaveLength(2);
  });
});
