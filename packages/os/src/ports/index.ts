export * from './cgroups.js';
export * from './file-lock.js';
export * from './files.js';
export * from './host.js';
export * from './http.js';
export * from './job-error.js';
export * from './mounts.js';
export * from './subprocess.js';
