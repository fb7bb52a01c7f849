/**
 * What a good programmer writes by hand in an afternoon: one linked list, one microtask for each batch, no runtime.
 *
 * It knows no discard, termination, link, supervision, fairness or tracing; it is the bar, not a peer.
 */
export class Mailbox {
  #actor;
  #head = undefined;
  #tail = undefined;

  constructor(actor) {
    this.#actor = actor;
  }

  /** Queues a call of `method`, whose answer nobody wants. */
  post(method, argument) {
    this.#push({ method, argument, resolve: undefined, reject: undefined, next: undefined });
  }

  /** Queues a call of `method` and answers a native promise of what it returns. */
  ask(method, argument) {
    return new Promise((resolve, reject) => {
      this.#push({ method, argument, resolve, reject, next: undefined });
    });
  }

  #push(message) {
    if (this.#tail) {
      this.#tail.next = message;
      this.#tail = message;
      return;
    }
    this.#head = this.#tail = message;
    resolved.then(this.#drain);
  }

  #drain = () => {
    for (let message = this.#head; message; message = message.next) {
      this.#head = message;
      if (message.resolve) {
        try {
          message.resolve(this.#actor[message.method](message.argument));
        } catch (error) {
          message.reject(error);
        }
      } else {
        this.#actor[message.method](message.argument);
      }
    }
    this.#head = this.#tail = undefined;
  };
}

const resolved = Promise.resolve();
