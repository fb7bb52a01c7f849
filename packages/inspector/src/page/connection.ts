import type { InspectorRecord } from '../records/record.js';
import { RECORD_VERSION } from '../records/record.js';

/** What a stream says of itself first. */
export interface Hello {
  readonly title: string;
  readonly originMs: number;
}

export type ConnectionState = 'connecting' | 'live' | 'lost' | 'refused';

/** Who hears what a connection brings. */
export interface ConnectionListener {
  readonly onState: (state: ConnectionState, why?: string) => void;
  readonly onHello: (hello: Hello) => void;
  readonly onReset: (records: readonly InspectorRecord[], lost: number) => void;
  readonly onRecords: (records: readonly InspectorRecord[]) => void;
}

interface Line {
  readonly hello?: Hello & { readonly version: number };
  readonly records?: readonly InspectorRecord[];
  readonly lost?: number;
}

const LONGEST_WAIT_MS = 5_000;

/** Listens to the stream of records, and comes back when it is lost. The token goes into a header, never an address. */
export async function connect(token: string, listener: ConnectionListener): Promise<void> {
  for (let waitMs = 250; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
    listener.onState('connecting');
    try {
      const response = await ask('stream', token);
      if (!response.ok || !response.body) {
        listener.onState('refused', await response.text());
        if (response.status === 401) return;
      } else {
        listener.onState('live');
        waitMs = 250;
        for await (const line of linesOf(response.body)) take(JSON.parse(line) as Line, listener);
        listener.onState('lost');
      }
    } catch {
      listener.onState('lost');
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** Asks for one of the documents beside the page. */
export function ask(name: string, token: string): Promise<Response> {
  return fetch(name, { headers: { authorization: `Bearer ${token}` }, cache: 'no-store' });
}

function take({ hello, records, lost }: Line, listener: ConnectionListener): void {
  if (hello) {
    if (hello.version !== RECORD_VERSION) throw new Error(`records of version ${hello.version} cannot be read here`);
    listener.onHello(hello);
  }
  if (records === undefined) return;
  if (lost === undefined) listener.onRecords(records);
  else listener.onReset(records, lost);
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>;
  const reader = body.pipeThrough(decoder).getReader();
  let rest: string[] = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const [first = '', ...lines] = value.split('\n');
    rest.push(first);
    for (const line of lines) {
      yield rest.join('');
      rest = [line];
    }
  }
}
