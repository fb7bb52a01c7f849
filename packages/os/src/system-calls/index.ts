export * from './directory-descriptors.js';
export * from './extended-attributes.js';
export * from './file-times.js';
export * from './mounting.js';
export * from './process-control.js';
export * from './process-descriptors.js';
export * from './special-files.js';
export { type BytePath, fileError, pathText, systemCallError, toFileError } from '../file-error.js';
export { FileError } from '../ports/files.js';
