import { ContainerizerError } from '../containerizer-error.js';

/** What an engine says of one container, as far as we ask. */
export interface EngineContainer {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Running, paused or about to be restarted: it has processes. */
  readonly running: boolean;
  /** Whether it was ever started. */
  readonly started: boolean;
  /** Of its first process, as the engine's host numbers it; 0 when there is none. */
  readonly pid: number;
  /** As a shell shows it. Means nothing before the end. */
  readonly exitStatus: number | undefined;
  readonly oomKilled: boolean;
}

/** What an engine says of one image: the parts that decide what is started. */
export interface EngineImage {
  readonly id: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly platform: string;
}

export interface ListedEngineContainer {
  readonly id: string;
  readonly name: string;
}

export interface EnginePrune {
  /** Names taken away, then ids removed, in the order in which the engine tells them. */
  readonly entries: readonly { readonly untagged?: string; readonly deleted?: string }[];
  readonly reclaimedBytes: number;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a body that must be a JSON object (or array). An engine is no more trusted to make sense than a registry.
 *
 * @throws ContainerizerError ENGINE_ERROR
 */
export function parseAnswer(body: Uint8Array, what: string): Fields & readonly unknown[] {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof value === 'object' && value !== null) return value as Fields & readonly unknown[];
  } catch {
    // Told below.
  }
  throw senseless(what, 'it is no JSON document');
}

export function containerOf(answer: Fields): EngineContainer {
  const what = 'about a container';
  const state = fieldsOf(answer['State'], what, 'State');
  const { Pid: pid = 0, ExitCode: exitCode, StartedAt: startedAt } = state;
  if (!Number.isSafeInteger(pid)) throw senseless(what, 'State.Pid is no number');
  const labels = (answer['Config'] as Fields | undefined)?.['Labels'] ?? {};
  return {
    id: idOf(answer['Id'], what),
    labels: fieldsOf(labels, what, 'Config.Labels') as Record<string, string>,
    running: [state['Running'], state['Paused'], state['Restarting']].includes(true),
    started: typeof startedAt === 'string' && startedAt !== '' && !startedAt.startsWith('0001-'),
    pid: pid as number,
    exitStatus: isExitStatus(exitCode) ? exitCode : undefined,
    oomKilled: state['OOMKilled'] === true,
  };
}

export function listOf(answer: unknown): ListedEngineContainer[] {
  const what = 'to a list';
  if (!Array.isArray(answer)) throw senseless(what, 'it is no list');
  return answer.map((each: unknown) => {
    const { Id, Names } = fieldsOf(each, what, 'an element');
    const [name = ''] = wordsOf(Names, what, 'Names');
    return { id: idOf(Id, what), name: name.replace(/^\//, '') };
  });
}

export function imageOf(answer: Fields): EngineImage {
  const what = 'about an image';
  const config = fieldsOf(answer['Config'] ?? {}, what, 'Config');
  const platform = [answer['Os'], answer['Architecture'], answer['Variant']].filter(Boolean);
  return {
    id: idOf(answer['Id'], what),
    entrypoint: wordsOf(config['Entrypoint'], what, 'Config.Entrypoint'),
    command: wordsOf(config['Cmd'], what, 'Config.Cmd'),
    platform: platform.join('/'),
  };
}

export function pruneOf(answer: Fields): EnginePrune {
  const what = 'to a prune';
  const { SpaceReclaimed: reclaimedBytes = 0, ImagesDeleted: entries } = answer;
  if (!Number.isSafeInteger(reclaimedBytes)) throw senseless(what, 'SpaceReclaimed is no number');
  if (!Array.isArray(entries ?? [])) throw senseless(what, 'ImagesDeleted is no list');
  return {
    reclaimedBytes: reclaimedBytes as number,
    entries: ((entries ?? []) as Fields[]).map(({ Untagged: untagged, Deleted: deleted }) => ({
      ...(typeof untagged === 'string' && { untagged }),
      ...(typeof deleted === 'string' && { deleted }),
    })),
  };
}

/** The id in an answer; it becomes part of later requests, so it must look like one. */
export function idOf(value: unknown, what: string): string {
  if (typeof value === 'string' && /^[a-zA-Z0-9:_.-]{1,256}$/.test(value)) return value;
  throw senseless(what, 'it holds no id');
}

/** The number an end is told with, `undefined` for what cannot be one. */
export function isExitStatus(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 255;
}

/** What an engine's refusal says, in one line of bounded length. */
export function refusalText(body: Uint8Array | undefined): string {
  const text = new TextDecoder().decode(body ?? new Uint8Array());
  let message = text;
  try {
    const { message: told } = JSON.parse(text) as { message?: unknown };
    if (typeof told === 'string') message = told;
  } catch {
    // Not every proxy in between speaks JSON.
  }
  return message.replace(/\s+/g, ' ').trim().slice(0, 500) || 'no reason given';
}

function fieldsOf(value: unknown, what: string, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw senseless(what, `${name} is no object`);
}

function wordsOf(value: unknown, what: string, name: string): readonly string[] {
  const words: unknown = value ?? [];
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  throw senseless(what, `${name} is no list of words`);
}

function senseless(what: string, why: string): ContainerizerError {
  return new ContainerizerError('ENGINE_ERROR', `The engine's answer ${what} makes no sense: ${why}`);
}
