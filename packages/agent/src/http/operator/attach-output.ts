import { readGrowing } from '../../growing-file.js';
import { readOnlyView } from '../../read-only-view.js';
import { requireAccepted } from '../accept.js';
import type { HttpCall } from '../route.js';
import { drained } from '../../client/drained.js';
import type { OperatorContext } from './operator-call.js';
import { answered } from './operator-call.js';

/**
 * Streams the output of a container, from its beginning on and until it has ended: one `ProcessIO` a piece, each as its
 * length in bytes, a line break and the JSON (RecordIO of Mesos). No faster than the client takes it.
 *
 * @throws HttpFailure 406 the client does not take application/recordio, 503 there are too many streams
 */
export async function attachOutput(
  { agent, root, openStreams }: OperatorContext,
  id: string,
  { request, response, gone, watch }: HttpCall,
): Promise<typeof answered> {
  requireAccepted(request, 'application/recordio');
  const logs = await readOnlyView(root).logs(id);
  openStreams.enter(response);
  watch();
  response.writeHead(200, {
    'content-type': 'application/recordio',
    'message-content-type': 'application/json',
  });
  response.flushHeaders();
  const ended = agent.wait(id);
  const copy = async (path: string, type: 'STDOUT' | 'STDERR'): Promise<void> => {
    for await (const chunk of readGrowing(path, gone, ended)) {
      const data = Buffer.from(chunk).toString('base64');
      const record = JSON.stringify({ type: 'DATA', data: { type, data } });
      response.write(`${Buffer.byteLength(record)}\n${record}`);
      await drained(response);
    }
  };
  await Promise.all([copy(logs.stdout, 'STDOUT'), copy(logs.stderr, 'STDERR')]);
  ended.discard();
  response.end();
  return answered;
}
