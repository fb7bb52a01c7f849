/** Answers its input. */
export default (input) => input;
