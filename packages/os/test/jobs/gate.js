/* oxlint-disable import/no-default-export -- a job is a default export */
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** Notes its begin and its end in a file, and ends once the gate file is there. */
export default async function gate({ name, log, gate }) {
  appendFileSync(log, `begin ${name}\n`);
  if (gate !== undefined) while (!existsSync(gate)) await setTimeout(2);
  appendFileSync(log, `end ${name}\n`);
  return name;
}
