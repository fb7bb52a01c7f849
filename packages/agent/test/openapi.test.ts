import { agentRoutes, openApiOf } from '@keelson/agent/server';
import type { ServedAgent } from '@keelson/agent/server';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LogLevelSwitch } from '../src/log-level-switch.js';
import { openAccess } from '../src/security/access.js';

const routes = agentRoutes({
  agent: { processes: () => [] } as unknown as ServedAgent['agent'],
  access: openAccess({}, '/nowhere'),
  root: '/nowhere',
  version: '0.1.0',
  settings: [],
  logLevel: new LogLevelSwitch('warn', () => {}),
  streams: { maxStreams: 1, maxStreamBytes: 4096, heartbeatMs: 1000 },
  run: async () => 0,
});

describe('the OpenAPI document', () => {
  it('is what the schemas say: docs/openapi.json is made by this test with `vitest -u`', async () => {
    const text = `${JSON.stringify(openApiOf(routes, '0.1.0'), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot('../../../docs/openapi.json');
  });

  it('names every operation once, and answers each with something', () => {
    const { paths } = openApiOf(routes, '0.1.0') as { paths: Record<string, Record<string, any>> };
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    expect(operations).toHaveLength(routes.length);
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { summary, responses } of operations) {
      expect(summary).toMatch(/^[A-Z0-9].*\.$/);
      expect(Object.keys(responses)).toContain('default');
    }
  });
});

describe('docs/api.md', () => {
  it('speaks of every route', () => {
    const page = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8');
    const missing = routes.filter(({ method, path }) => !page.includes(`\`${method} ${path}\``));
    expect(missing.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });
});
