import type { Executor, Observer, Runtime, TraceRecord } from '@keelson/process';
import { readWriteLockMachine } from '@keelson/process';
import { ActorTable } from './records/actor-table.js';
import type { Sanitize } from './records/from-trace.js';
import { fromTrace, sanitizeArgument } from './records/from-trace.js';
import { LockStory } from './records/lock-story.js';
import type { PlainObject } from './records/plain.js';
import type { InspectorRecord } from './records/record.js';
import { RecordRing } from './records/record-ring.js';
import { sanitize, sanitizeError } from './records/sanitize.js';

/** How much is recorded, and how it is shown. */
export interface RecorderOptions {
  /** Records kept, 1 to 1,000,000; default 20,000. */
  readonly capacity?: number;
  /**
   * Events recorded a second at most, while somebody looks; default 6,000. Beyond that recording pauses for the rest
   * of the moment, and of a flood of ten times as many a quarter of that is recorded: it costs its watchers a gap and
   * others next to nothing. Processes and machines are recorded always.
   */
  readonly eventsPerSecond?: number;
  /** What may be shown of arguments and contexts. Default: plain data of bounded size, without secrets. */
  readonly sanitize?: Sanitize;
}

/** A moment's share of events; a recorder is woken that often while somebody looks. */
const MOMENT_MS = 50;
/** It is queued, begun and ended. */
const RECORDS_OF_EVENT = 3;
/** A moment that missed so many times its share was one of a flood: the next has a quarter of a share. */
const FLOOD = 10;
const SAMPLE_MS = 250;
/** A sample may take this part of the time between two. */
const SAMPLE_SHARE = 50;

/**
 * Records what happens in a runtime, into a ring of bounded size.
 *
 * While nobody looks it hears of processes, locks and machines alone, and events cost what they cost without it.
 * Somebody who calls `look` sees every event too, within the limit of events a second.
 */
export class Recorder implements Observer {
  readonly ring: RecordRing;
  /** What the records that made room said: where a reader of the ring begins. */
  readonly base = new ActorTable();
  readonly sanitize: Sanitize;
  readonly #sanitizeArgument: Sanitize;
  readonly #story = new LockStory(readWriteLockMachine.config as unknown as PlainObject);
  readonly #share: number;
  #runtime: Runtime | undefined;
  #lookers = 0;
  #left = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Events the runtime had seen when recording paused. */
  #pausedAt: number | undefined;
  #nextSampleMs = 0;
  #jobs = 0;
  #serving = 0;

  constructor(options: RecorderOptions = {}) {
    const { capacity = 20_000, eventsPerSecond = 6_000 } = options;
    if (!(eventsPerSecond > 0)) throw new RangeError(`eventsPerSecond is above 0, got ${eventsPerSecond}`);
    this.ring = new RecordRing(capacity, (record) => this.base.apply(record));
    this.#share = Math.max(1, Math.round((eventsPerSecond * RECORDS_OF_EVENT * MOMENT_MS) / 1_000));
    this.sanitize = options.sanitize ?? sanitize;
    this.#sanitizeArgument = options.sanitize ?? sanitizeArgument;
  }

  /** Milliseconds on the clock of the watched runtime. */
  now(): number {
    return this.#runtime ? this.#runtime.clock.now() : performance.now();
  }

  /** The event of the watched runtime that is being served, as far as events are recorded; 0 for none. */
  get cause(): number {
    return this.#serving;
  }

  /** Begins to record `runtime`, with the processes it has. One recorder watches one runtime; answers how to stop. */
  watch(runtime: Runtime): () => void {
    if (this.#runtime) throw new Error('this recorder watches a runtime already; make another for another runtime');
    this.#runtime = runtime;
    const atMs = this.now();
    for (const { id } of runtime.processes()) this.add({ kind: 'spawned', atMs, process: id, cause: 0 });
    this.#attach(this.#lookers > 0);
    return () => {
      runtime.detach(this);
      this.#runtime = undefined;
    };
  }

  /** Somebody looks: events are recorded from now on, until the function that is answered is called. */
  look(): () => void {
    if ((this.#lookers += 1) === 1) {
      this.#left = this.#share;
      this.#attach(true);
      this.#timer = setInterval(() => this.tick(), MOMENT_MS);
      // Being looked at is no reason to stay alive.
      this.#timer.unref();
      this.tick();
    }
    let looking = true;
    return () => {
      if (!looking) return;
      looking = false;
      if ((this.#lookers -= 1) > 0) return;
      clearInterval(this.#timer);
      this.#pausedAt = undefined;
      this.#attach(false);
    };
  }

  /** Called by the runtime; never throws. */
  record(trace: TraceRecord): void {
    // Every record of an event costs its part: a backlog that is served now may have been queued long ago.
    if ('id' in trace && (this.#left -= 1) < 0) {
      if (this.#left === -1) this.#pause();
      return;
    }
    if (trace.kind === 'begun') this.#serving = trace.id;
    else if (trace.kind === 'ended') this.#serving = 0;
    this.add(fromTrace(trace, this.#sanitizeArgument));
  }

  /** Adds a record of one's own, in its turn. */
  add(record: InspectorRecord): void {
    for (const told of this.#story.expand(record)) this.ring.push(told);
  }

  /** A moment has passed: a fresh share of events, and now and then a look at the mailboxes. Its timer calls it. */
  tick(): void {
    const runtime = this.#runtime;
    if (!runtime) return;
    this.#left = this.#share;
    if (this.#pausedAt !== undefined) {
      const missed = runtime.counters().events - this.#pausedAt;
      if (missed * RECORDS_OF_EVENT > FLOOD * this.#share) this.#left = Math.ceil(this.#share / 4);
      this.#pausedAt = undefined;
      this.add({ kind: 'gap', atMs: this.now(), process: '', missed });
      this.#attach(true);
    }
    if (performance.now() >= this.#nextSampleMs) this.#sample(runtime);
  }

  /** An executor that does what `executor` does, and whose jobs are recorded. */
  observed(executor: Executor): Executor {
    return {
      execute: <R>(job: Parameters<Executor['execute']>[0], options?: Parameters<Executor['execute']>[1]) => {
        // Below zero: they stand beside events, whose ids are above.
        const id = (this.#jobs -= 1);
        const beginMs = this.now();
        const about = { kind: 'job', process: 'executor', id, cause: this.cause, label: job.name } as const;
        this.add({ ...about, atMs: beginMs, phase: 'started' });
        const tell = (phase: 'ready' | 'failed' | 'discarded', error?: Error): void => {
          const atMs = this.now();
          const ended = { ...about, atMs, phase, elapsedMs: atMs - beginMs };
          this.add(error ? { ...ended, error: sanitizeError(error) } : ended);
        };
        const answer = executor.execute<R>(job, options);
        return answer
          .onReady(() => tell('ready'))
          .onFailed((error) => tell('failed', error))
          .onDiscarded(() => tell('discarded'));
      },
    };
  }

  #pause(): void {
    this.#pausedAt = this.#runtime?.counters().events;
    this.#serving = 0;
    this.#attach(false);
  }

  #attach(events: boolean): void {
    this.#runtime?.attach(this, { events });
  }

  #sample(runtime: Runtime): void {
    const beginMs = performance.now();
    const depths: Record<string, number> = {};
    for (const { id, mailboxDepth } of runtime.processes()) if (mailboxDepth > 0) depths[id] = mailboxDepth;
    this.add({ kind: 'depths', atMs: this.now(), process: '', depths, events: runtime.counters().events });
    const endMs = performance.now();
    this.#nextSampleMs = endMs + Math.max(SAMPLE_MS, SAMPLE_SHARE * (endMs - beginMs));
  }
}
