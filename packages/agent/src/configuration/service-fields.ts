import { flag, absolutePath, choice, text, whole } from '../schema/schema.js';
import { list, optional, shape } from '../schema/composed-schema.js';
import { aclsSchema } from '../security/acls.js';

/** The settings of `keelson agent` beyond those of the agent itself: where it listens, to whom, and its bounds. */
export const serviceFields = {
  listen: optional(
    text({
      description:
        'Address for HTTP over TCP, HOST:PORT; a port alone is on loopback, 0 a free one. Without it: the socket.',
      pattern: /^(?:(?:\[[0-9A-Fa-f:.]+\]|[^\s:[\]]*):)?\d{1,5}$/,
      expected: 'HOST:PORT, for example 127.0.0.1:5051',
      maxLength: 300,
    }),
  ),
  tokenFile: optional(
    absolutePath(
      'File of mode 0600 with the token of principal `token`. Without any, one for loopback is made at ROOT/token.',
    ),
  ),
  credentialsFile: optional(
    absolutePath(
      'File of mode 0600, {"credentials":[{"principal":"ops","secret":"…"}]}: for Basic, or the secret as bearer.',
    ),
  ),
  tls: optional(
    shape(
      {
        certificateFile: absolutePath('The certificate of the agent, in PEM.'),
        keyFile: absolutePath('Its private key, in PEM, of mode 0600.'),
        clientAuthorityFile: optional(
          absolutePath('Who signs the certificates of clients: their common name is their principal (mTLS).'),
        ),
      },
      { description: 'Speaks HTTPS on TCP.' },
    ),
  ),
  allowedHosts: optional(
    list(text({ description: 'A name, without port.', maxLength: 255 }), {
      description: 'Names by which a browser may reach the agent over TCP, beside loopback and the address itself.',
      maxItems: 64,
    }),
  ),
  acls: optional(aclsSchema),
  logLevel: optional(
    choice(['error', 'warn', 'info', 'debug'], {
      description: 'The least that is told on stderr.',
      default: 'warn',
    }),
  ),
  shutdownTimeoutMs: optional(
    whole({
      description: 'How long SIGTERM lets requests and sweeps finish before they are cancelled.',
      unit: 'milliseconds',
      minimum: 0,
      maximum: 3_600_000,
      default: 10_000,
    }),
  ),
  requestTimeoutMs: optional(
    whole({
      description: 'How long a client may take to send a request.',
      unit: 'milliseconds',
      minimum: 100,
      maximum: 600_000,
      default: 30_000,
    }),
  ),
  maxBodyBytes: optional(
    whole({
      description: 'The largest body of a request.',
      unit: 'bytes',
      minimum: 1024,
      maximum: 64 * 1024 * 1024,
      default: 1024 * 1024,
    }),
  ),
  maxConnections: optional(
    whole({
      description: 'Clients at a time, on each address.',
      unit: 'connections',
      minimum: 1,
      maximum: 65_536,
      default: 256,
    }),
  ),
  maxStreams: optional(
    whole({
      description: 'Streams at a time: of events, and of output that is followed or attached to.',
      unit: 'streams',
      minimum: 1,
      maximum: 65_536,
      default: 64,
    }),
  ),
  maxStreamBytes: optional(
    whole({
      description: 'What may wait for a slow reader of a stream before it loses it.',
      unit: 'bytes',
      minimum: 4096,
      maximum: 256 * 1024 * 1024,
      default: 1024 * 1024,
    }),
  ),
  heartbeatMs: optional(
    whole({
      description: 'How long a stream of events may be silent.',
      unit: 'milliseconds',
      minimum: 100,
      maximum: 600_000,
      default: 15_000,
    }),
  ),
  journal: optional(
    flag({
      description: 'Keeps the audit journal of changing calls in ROOT/events.',
      default: true,
    }),
  ),
};
