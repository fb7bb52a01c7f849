import { get } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';
import type { ServingAgent } from './support/serving-agent.js';
import { serve } from './support/serving-agent.js';

let world: World;
let serving: ServingAgent | undefined;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(async () => {
  await serving?.end();
  serving = undefined;
  await world.remove();
});

/** What the stream of a page tells until it has told `text`. */
function streamed(address: string, text: string): Promise<string> {
  const { origin, hash } = new URL(address);
  const headers = { authorization: `Bearer ${hash.slice('#token='.length)}` };
  return new Promise((resolve, reject) => {
    get(`${origin}/inspector/stream`, { headers }, (response) => {
      let told = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        told += chunk;
        if (told.includes(text)) resolve((response.destroy(), told));
      });
      response.on('end', () => reject(new Error(`it ended after ${told}`)));
    }).on('error', reject);
  });
}

describe('keelson inspect', { timeout: 120_000 }, () => {
  it('answers the page of the agent that serves the root, the same one each time', async () => {
    serving = await serve(world);
    const { address } = await world.json('inspect');
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/inspector\/#token=[\w-]+$/);
    expect((await world.json('inspect')).address).toBe(address);
    expect(await streamed(address, 'provisioner(1)')).toContain('"kind":"spawned"');
  });

  it('starts an agent for itself where none serves, and ends it with the signal', async () => {
    const inspecting = world.start('inspect');
    await inspecting.said('Ctrl-C ends the page and its agent');
    const address = /http:\S+/.exec(inspecting.texts.stdout)![0];
    expect(await streamed(address, 'docker-store(1)')).toContain('containerizer-mesos(1)');
    inspecting.child.kill('SIGINT');
    expect(await inspecting.outcome).toMatchObject({ exitCode: 0 });
  });
});
