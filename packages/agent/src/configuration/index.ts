export type { Configuration, EffectiveSetting } from './configuration.js';
export { configurationSchema, effectiveSettings } from './configuration.js';
export { readConfiguration } from './read-configuration.js';
export { readSettingFlags } from './setting-flags.js';
