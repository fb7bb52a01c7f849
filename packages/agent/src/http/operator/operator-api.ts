import { answer, shape } from '../../schema/composed-schema.js';
import { text } from '../../schema/schema.js';
import { requireAccepted } from '../accept.js';
import { httpFailureOf } from '../failure-status.js';
import { HttpFailure } from '../http-failure.js';
import type { HttpCall, Route } from '../route.js';
import { route, sendJson } from '../route.js';
import { agentCalls } from './agent-calls.js';
import { containerCalls } from './container-calls.js';
import { fileCalls } from './file-calls.js';
import type { OperatorAnswer, OperatorCall, OperatorContext } from './operator-call.js';
import { answered } from './operator-call.js';

/** Every call of the Mesos v1 agent API that this agent answers. */
export const operatorCalls: readonly OperatorCall[] = [...agentCalls, ...containerCalls, ...fileCalls];

const byType = new Map(operatorCalls.map((each) => [each.type, each]));

const callSchema = {
  ...shape({ type: text({ description: 'The call.', maxLength: 100 }) }, { open: true }),
  json: {
    description: 'One call: its type, and its message under the name of the type in lower case.',
    oneOf: operatorCalls.map(({ type, summary, message, required }) => ({
      type: 'object',
      description: summary,
      properties: { type: { const: type }, ...(message && { [messageName(type)]: message.json }) },
      required: required ? ['type', messageName(type)] : ['type'],
    })),
  },
};

/** `POST /api/v1`: the Mesos v1 operator API of an agent, in its JSON shape (Mesos `v1/agent/agent.proto`). */
export function operatorRoute(context: OperatorContext): Route {
  return route({
    method: 'POST',
    path: '/api/v1',
    summary: 'The calls of the Mesos v1 agent API that this agent answers.',
    body: answer(callSchema.json),
    textFailures: true,
    answers: {
      200: { description: 'Done; what the call answers stands under its name in lower case.' },
      202: { description: 'There is a container of that name already.' },
    },
    handle: (call) => serveCall(context, call),
  });
}

async function serveCall(context: OperatorContext, http: HttpCall): Promise<void> {
  const { body, request, response, audit } = http;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HttpFailure(400, 'Failed to validate the call: it is not an object');
  }
  const { type } = body as { type?: unknown };
  if (typeof type !== 'string') {
    throw new HttpFailure(400, "Failed to validate the call: expecting 'type' to be present");
  }
  const call = byType.get(type);
  if (!call) throw new HttpFailure(501, `The call ${JSON.stringify(type.slice(0, 100))} is not implemented`);
  const message = messageOf(call, body);
  if (type !== 'ATTACH_CONTAINER_OUTPUT') requireAccepted(request, 'application/json');
  if (call.subject) await audit(type, call.subject(message));
  const told = await answerOf(call, context, message, http);
  if (told === answered) return;
  if (told === undefined) response.writeHead(200, { 'content-length': 0 }).end();
  else if (isStatus(told)) response.writeHead(told.status, { 'content-length': 0 }).end();
  else sendJson(response, { type, [messageName(type)]: told });
}

/** What a containerizer would refuse whatever the state of the machine is. */
const malformed: ReadonlySet<string> = new Set(['CONTAINER_INVALID', 'INVALID_CONTAINER_ID']);

/** What fails behind a well-formed call is a 500 with the failure's text, as in Mesos; but for who is not ready. */
async function answerOf(
  call: OperatorCall,
  context: OperatorContext,
  message: unknown,
  http: HttpCall,
): Promise<OperatorAnswer> {
  try {
    return await call.answer(context, message, http);
  } catch (error) {
    const { status, message: text, headers, code } = httpFailureOf(error);
    if (error instanceof HttpFailure || status === 503) throw error;
    throw new HttpFailure(malformed.has(code) ? 400 : 500, text, headers, code);
  }
}

function messageOf({ type, message, required }: OperatorCall, body: object): unknown {
  if (!message) return undefined;
  const under = messageName(type);
  const given = (body as Readonly<Record<string, unknown>>)[under];
  if (required && (given === undefined || given === null)) {
    throw new HttpFailure(400, `Failed to validate the call: expecting '${under}' to be present`);
  }
  return message.read(given ?? {}, under);
}

function isStatus(told: object): told is { readonly status: number } {
  return 'status' in told && Object.keys(told).length === 1;
}

function messageName(type: string): string {
  return type.toLowerCase();
}
