import { dispatch, Process, type Runtime } from '@keelson/process';

class Host extends Process<Host> {}

/**
 * Runs `work` inside a handler of a fresh process and answers what it answered, not a future of it.
 *
 * Free functions that need time take the runtime of the running handler: this is how a test gives them one.
 */
export function inHandler<R>(runtime: Runtime, work: () => R): R {
  let answer: { value: R } | undefined;
  const host = runtime.spawn(new Host('host'));
  dispatch(host, () => {
    answer = { value: work() };
  });
  runtime.settle();
  if (!answer) throw new Error('the handler did not run');
  return answer.value;
}
