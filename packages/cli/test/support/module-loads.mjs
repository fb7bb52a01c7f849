// Loaded with --import: tells on stderr which files Node loads as modules.
import { register } from 'node:module';

const hooks = `export async function load(url, context, next) {
  if (url.startsWith('file:')) process._rawDebug('LOAD ' + url);
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
