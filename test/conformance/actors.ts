import { defer, Future, type PID, Process } from '@keelson/process';

/** The world says no: fails one request. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  constructor(readonly code: string) {
    super(`failed with ${code}`);
  }
}

/** Answers, fails and crashes in every way a handler can. */
export class Worker extends Process<Worker> {
  readonly log: string[] = [];
  constructor(id = 'worker') {
    super(id);
  }
  protected override initialize(): void {
    this.log.push('initialize');
  }
  protected override finalize(): void {
    this.log.push('finalize');
  }
  note(text: string): string {
    this.log.push(text);
    return text;
  }
  coded(): never {
    throw new CodedError('EXPECTED');
  }
  bug(): never {
    throw new TypeError('a bug');
  }
  failed(): Future<number> {
    return Future.failed(new CodedError('LATER'));
  }
  native(n: number): globalThis.Promise<number> {
    return globalThis.Promise.resolve(n);
  }
  twice(): Future<string> {
    return this.self.note('first').then(defer(this, this.#second));
  }
  #second(first: string): string {
    return this.note(`${first} then second`);
  }
}

/** Remembers whose ends it was told of, and why. */
export class Watcher extends Process<Watcher> {
  readonly seen: { id: string; reason: Error | undefined }[] = [];
  watch(pid: PID<unknown>): void {
    this.link(pid);
  }
  protected override exited(pid: PID<unknown>, reason?: Error): void {
    this.seen.push({ id: pid.id, reason });
  }
}

/** Remembers in which order it was begun, asked and ended. */
export class Lifecycle extends Process<Lifecycle> {
  constructor(readonly log: string[] = []) {
    super('lifecycle');
  }
  protected override initialize(): void {
    this.log.push('initialize');
  }
  protected override finalize(): void {
    this.log.push('finalize');
  }
  note(text: string): void {
    this.log.push(text);
  }
}

/** Answers nothing, values and futures. */
export class Calculator extends Process<Calculator> {
  readonly calls: string[] = [];
  nothing(): void {
    this.calls.push('nothing');
  }
  value(n: number): number {
    return n + 1;
  }
  later(n: number): Future<number> {
    return this.self.value(n).then((m) => m * 2);
  }
  note(text: string): void {
    this.calls.push(text);
  }
  join(a: string, b: string, c: string): string {
    return `${a}${b}${c}`;
  }
  hold(box: { held: string }): string {
    return box.held;
  }
}
