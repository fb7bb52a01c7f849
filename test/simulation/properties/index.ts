import type { SimulationProperty } from '../property.js';
import * as agent from './agent-properties.js';
import * as edge from './at-the-edge.js';
import * as directed from './directed.js';
import * as durability from './durability.js';
import * as imageGc from './image-gc.js';
import * as isolation from './isolation.js';
import * as lock from './lock.js';
import * as recovery from './recovery.js';
import * as sharing from './sharing.js';
import * as store from './store-properties.js';

const modules: readonly Record<string, unknown>[] = [store, directed, edge, agent, durability, sharing, recovery, isolation, lock, imageGc];

function lawsOf(modules: readonly Record<string, unknown>[]): readonly SimulationProperty[] {
  return modules
    .flatMap((module) => Object.values(module))
    .filter((each): each is SimulationProperty => typeof each === 'object' && each !== null && 'inputs' in each)
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** All laws of the whole system, in the order of their numbers. */
export const properties: readonly SimulationProperty[] = lawsOf(modules);

/** Those that run the whole agent: containerizer, provisioner and store. */
export const agentProperties: readonly SimulationProperty[] = lawsOf([agent]);
