import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';

/** sun_path of unix(7) holds 108 bytes, the last of them a NUL. */
const maxPathBytes = 107;

/**
 * Where the agent of `root` listens: `ROOT/agent.sock`, or `$XDG_RUNTIME_DIR/keelson/<hash>.sock` where that
 * is too long for the address of a socket. Everybody who names the same root, by whatever links, finds the
 * same path.
 */
export function socketPathOf(root: string, environment: NodeJS.ProcessEnv = process.env): string {
  const real = resolved(root);
  const path = join(real, 'agent.sock');
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  const hash = createHash('sha256').update(real).digest('hex').slice(0, 32);
  return join(environment['XDG_RUNTIME_DIR'] || runtimeDirectory(), 'keelson', `${hash}.sock`);
}

function runtimeDirectory(): string {
  const user = process.geteuid?.() ?? 0;
  return user === 0 ? '/run' : `/run/user/${user}`;
}

/** A root that is not there yet has no agent, so its name may be as it is. */
function resolved(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    return root;
  }
}
