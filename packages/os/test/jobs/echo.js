/* oxlint-disable import/no-default-export -- a job is a default export */
/** Answers its input. */
export default (input) => input;
