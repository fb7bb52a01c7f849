/* oxlint-disable import/no-default-export -- a job is a default export */
class CodedError extends Error {
  constructor(code, message, path) {
    super(message);
    this.name = 'CodedError';
    this.code = code;
    this.path = path;
  }
}

/** Fails in each way a job can fail. */
export default function misbehave(how) {
  if (how === 'coded') throw new CodedError('LAYER_BUSY', 'the layer is busy', '/layer');
  if (how === 'bug') return undefined.property;
  if (how === 'string') throw 'just text';
  if (how === 'exit') process.exit(3);
  if (how === 'uncaught')
    return new Promise(() =>
      setImmediate(() => {
        throw new Error('nobody caught me');
      }),
    );
  if (how === 'function') return () => undefined;
  return 'well';
}
