import { Agent } from '@keelson/agent';

const [root = '/var/lib/keelson', image = 'alpine:3.20'] = process.argv.slice(2);
const agent = Agent.create({ root });
await agent.start();
const { digest, layers } = await agent.pull(image);
console.log(`${image} is ${digest}, ${layers.length} layers`);
const { id } = await agent.launch({ image, argv: ['/bin/sh', '-c', 'echo hello from $$; exit 42'], stdio: 'inherit' });
const { exitStatus } = await agent.wait(id);
console.log(`it ended with ${exitStatus}`);
await agent.destroy(id);
const { removed } = await agent.pruneImages();
console.log(`pruned ${removed.images.length} image, ${removed.layers.length} layers`);
await agent.close();
