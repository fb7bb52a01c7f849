import type { RegistryLogin } from '../../registry-login.js';
import { secret, shape } from '../../schema/composed-schema.js';
import type { ValueOf } from '../../schema/schema.js';
import { text } from '../../schema/schema.js';

const username = text({
  description: 'Its user.',
  pattern: /^[^:]+$/,
  expected: 'a name without colons',
  maxLength: 255,
});
const password = text({ description: 'Its password, or a token that stands for one.', maxLength: 64 * 1024 });
const description =
  'What to show to the registry of the image, and to no other, for this pull alone. ' +
  'Then the registry is asked even for an image that is here.';

/** Credentials in a body. Whatever is wrong with them, no message repeats them. */
export const registryCredentials = secret(
  shape({ username, password: secret(password) }, { description }),
);

export function loginOf(credentials: ValueOf<typeof registryCredentials> | undefined): {
  readonly login?: RegistryLogin;
} {
  return credentials ? { login: { credentials } } : {};
}
