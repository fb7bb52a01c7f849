import { Agent } from '@keelson/agent';
import { agentRoutes } from '@keelson/agent/server';
import { socketPathOf } from '@keelson/agent/client';
import { serveCommands } from 'keelson';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentServer } from '../../agent/src/http/agent-server.js';
import { LogLevelSwitch } from '../../agent/src/log-level-switch.js';
import { openAccess } from '../../agent/src/security/access.js';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

const waits = `waiting for process ${process.pid}, which owns`;

/** The rules of the lock, seen from two terminals: this process, and one that is started. */
describe('two sessions on one root', { timeout: 180_000 }, () => {
  it('change it one after the other, and look at it at any time', async () => {
    const owner = Agent.create({ root: world.root, backend: 'copy' });
    await owner.start();
    await owner.provision({ id: 'mine', image: world.reference('hello') });
    const second = world.start('--json', 'pull', world.reference('tally'));
    await second.said(waits);
    const looks = [['images'], ['ps', '-a'], ['df'], ['plan'], ['why', world.reference('hello')], ['logs', 'mine']];
    for (const words of looks) {
      const end = await world.keelson('--lock-timeout', '0', ...words);
      expect([words, end.exitCode, end.stderr]).toEqual([words, 0, '']);
    }
    const changes = [['pull', 'a'], ['prune'], ['pin', 'a'], ['destroy', 'mine'], ['rm', 'mine'], ['load', 'file']];
    for (const words of changes) {
      const end = await world.keelson('--lock-timeout', '0', ...words);
      expect([words, end.exitCode, end.stdout]).toEqual([words, 1, '']);
      expect(end.stderr).toMatch(new RegExp(`^(${waits}.*\n)?keelson: STORE_LOCKED: .*process ${process.pid} `));
    }
    await owner.close();
    const { exitCode, stdout } = await second.outcome;
    expect([exitCode, JSON.parse(stdout).images[0].reference]).toEqual([0, world.reference('tally')]);
  });

  it('leave what they wait for to the agent that begins to serve the root meanwhile', async () => {
    const owner = Agent.create({ root: world.root, backend: 'copy' });
    await owner.start();
    const second = world.start('--json', 'pull', world.reference('hello'));
    await second.said(waits);
    const access = openAccess({}, world.root);
    const streams = { maxStreams: 1, maxStreamBytes: 4096, heartbeatMs: 60_000 };
    const logLevel = new LogLevelSwitch('warn', () => {});
    const shared = { agent: owner, access, root: world.root, version: '1.2.3', settings: [], logLevel, streams };
    const limits = { requestTimeoutMs: 1000, maxBodyBytes: 65_536, maxConnections: 4 };
    const routes = agentRoutes({ ...shared, run: serveCommands });
    const server = new AgentServer({ agent: owner, access, limits, routes });
    await server.listen(socketPathOf(world.root));
    const { exitCode, stdout } = await second.outcome;
    expect([exitCode, JSON.parse(stdout).images[0].reference]).toEqual([0, world.reference('hello')]);
    await server.close(1000);
    await owner.close();
  });

  it('both come to their end when they begin at once', async () => {
    const sessions = ['hello', 'tally'] as const;
    const started = sessions.map((name) => world.start('pull', world.reference(name)));
    const ends = await Promise.all(started.map(({ outcome }) => outcome));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const { images } = await world.json('images');
    expect(images).toHaveLength(2);
  });
});
