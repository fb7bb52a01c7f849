/** One scheme that a server would accept, and what it says about it. */
export interface AuthChallenge {
  /** In lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** By lower-case name; empty where the scheme has a token68 instead. */
  readonly parameters: ReadonlyMap<string, string>;
}

const longestHeader = 8192;
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const quoted = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\uffff]|\\[\t \x21-\x7e\x80-\uffff])*)"/y;
const spaces = /[ \t]*/y;
const commas = /[ \t,]*/y;

/**
 * Reads `WWW-Authenticate`: any number of challenges, each with parameters whose values may be quoted and hold
 * commas, equals signs and escapes. Strict: what the grammar does not allow is no challenge at all.
 *
 * Source: RFC 9110 sections 5.6.4 and 11.6.1.
 *
 * @returns none for a header that is missing, too long or malformed, or that says one thing twice
 * @example parseChallenges('Basic realm="a", Bearer realm="https://auth",scope="repository:a:pull,push"')
 */
export function parseChallenges(header: string | undefined): readonly AuthChallenge[] {
  if (header === undefined || header.length > longestHeader) return [];
  try {
    return new ChallengeReader(header).read();
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

class ChallengeReader {
  #position = 0;

  constructor(private readonly text: string) {}

  read(): AuthChallenge[] {
    const challenges: AuthChallenge[] = [];
    this.#take(commas);
    while (this.#position < this.text.length) challenges.push(this.#challenge());
    return challenges;
  }

  #challenge(): AuthChallenge {
    const scheme = this.#expect(token).toLowerCase();
    const parameters = new Map<string, string>();
    if (this.#take(/[ \t]+/y) === undefined) {
      this.#separator();
      return { scheme, parameters };
    }
    // A parameter looks like one too, unless an equals sign and more follow.
    if (!this.#atParameter() && this.#take(token68) !== undefined) {
      this.#separator();
      return { scheme, parameters };
    }
    while (this.#position < this.text.length && this.#atParameter()) {
      const name = this.#expect(token).toLowerCase();
      this.#take(spaces);
      this.#expect(/=/y);
      this.#take(spaces);
      if (parameters.has(name)) throw new SyntaxError(`${name} is there twice`);
      parameters.set(name, this.#value());
      this.#separator();
    }
    if (parameters.size === 0) this.#separator();
    return { scheme, parameters };
  }

  #value(): string {
    const found = this.#take(quoted);
    return found === undefined ? this.#expect(token) : found.slice(1, -1).replaceAll(/\\(.)/gs, '$1');
  }

  /** A name, an equals sign, and a value: the beginning of the next challenge has no equals sign. */
  #atParameter(): boolean {
    const ahead = /[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=[ \t]*["!#$%&'*+.^_`|~0-9A-Za-z-]/y;
    ahead.lastIndex = this.#position;
    return ahead.test(this.text);
  }

  /** The end, or a comma and perhaps more of them. */
  #separator(): void {
    this.#take(spaces);
    if (this.#position < this.text.length) this.#expect(/,[ \t,]*/y);
  }

  #expect(pattern: RegExp): string {
    const found = this.#take(pattern);
    if (found === undefined || found === '') throw new SyntaxError(`at ${this.#position}`);
    return found;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.#position += found.length;
    return found;
  }
}
