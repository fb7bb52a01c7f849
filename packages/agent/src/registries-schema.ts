import { list, optional, shape, table } from './schema/composed-schema.js';
import { flag, text } from './schema/schema.js';

const host = '[A-Za-z0-9.-]+|\\[[0-9A-Fa-f:]+\\]';

/** What is to be known of single registries, by the name that references give them: `docker.io`. */
export const registriesSchema = table(
  shape(
    {
      mirrors: optional(
        list(
          text({
            description: 'A mirror: HOST[:PORT][/PREFIX].',
            pattern: new RegExp(`^(?:${host})(?::[0-9]{1,5})?(?:/[a-z0-9._/-]+)?$`),
            expected: 'HOST[:PORT][/PREFIX], for example mirror.example.com:5000',
            maxLength: 300,
          }),
          { description: 'Asked before the registry itself, in this order.', maxItems: 16 },
        ),
      ),
      insecure: optional(
        flag({ description: 'Whether to speak plain http, also to its mirrors.', default: false }),
      ),
      tokenHosts: optional(
        list(
          text({
            description: 'HOST or HOST:PORT of a token service.',
            pattern: new RegExp(`^(?:${host})(?::[0-9]{1,5})?$`),
            expected: 'HOST[:PORT]',
            maxLength: 300,
          }),
          { description: 'Token services on other hosts that may see its credentials.', maxItems: 16 },
        ),
      ),
    },
    { description: 'What is to be known of one registry.' },
  ),
  { description: 'Mirrors and other settings of registries, by the name that references give them.' },
);
