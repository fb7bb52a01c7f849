import * as fc from 'fast-check';
import type { SimulationContext } from './simulate/simulation-context.js';

/** One command of a model-based test, as plain data: it can be printed, shrunk, saved and replayed. */
export interface CommandCall {
  readonly command: string;
  readonly argument: unknown;
}

type CommandContext = SimulationContext<readonly CommandCall[]>;

/**
 * What a command does. It never waits: it asks the real thing, updates the model, and leaves it to the
 * dispatcher when anything comes of it.
 */
export interface CommandKind<Model, Real, Argument> {
  /** What it is asked with; default nothing. */
  readonly argument?: fc.Arbitrary<Argument>;
  /** How often it is drawn, compared to the others; default 1. */
  readonly weight?: number;
  /** Whether it makes sense now; it is left out otherwise. Asked when its turn has come, not before. */
  readonly check?: (model: Model, argument: Argument) => boolean;
  readonly run: (model: Model, real: Real, argument: Argument, context: SimulationContext<unknown>) => void;
}

// eslint-disable-next-line typescript/no-explicit-any -- the arguments of the kinds differ, each fits its own `run`
type Kinds<Model, Real> = Readonly<Record<string, CommandKind<Model, Real, any>>>;

/**
 * The commands of a model-based test whose order the dispatcher decides.
 *
 * @example
 * const commands = new Commands<Model, PID<Store>>({
 *   get: { argument: fc.constantFrom('a', 'b'), run: (model, store, name) => void store.get(name) },
 *   prune: { run: (model, store) => void store.prune() },
 * });
 * simulate(scenario, { input: commands.arbitrary() });    // in the scenario: commands.offer(context, model,
 * store)
 */
export class Commands<Model, Real> {
  constructor(private readonly kinds: Kinds<Model, Real>) {}

  /** Lists of commands; they shrink to fewer and simpler ones. */
  arbitrary(options: { readonly maxCommands?: number } = {}): fc.Arbitrary<readonly CommandCall[]> {
    const calls = Object.entries(this.kinds).map(([command, { argument = fc.constant(null), weight = 1 }]) => ({
      weight,
      arbitrary: fc.record({ command: fc.constant(command), argument }),
    }));
    return fc.array(fc.oneof(...calls), { maxLength: options.maxCommands ?? 10 });
  }

  /**
   * Makes every command of the context's input something the dispatcher may choose; `settle` runs them.
   *
   * @param order  `asked` (default): the next one may happen once the one before did, as from one client;
   * `any`: in any order
   */
  offer(
    context: CommandContext,
    model: Model,
    real: Real,
    { order = 'asked' }: { readonly order?: 'asked' | 'any' } = {},
  ): void {
    const calls = context.input;
    if (order === 'asked') return this.#offerFrom(0, context, model, real);
    for (const call of calls) context.offer(labelOf(call), () => this.#run(call, context, model, real));
  }

  #offerFrom(index: number, context: CommandContext, model: Model, real: Real): void {
    const call = context.input[index];
    if (call === undefined) return;
    context.offer(labelOf(call), () => {
      this.#run(call, context, model, real);
      this.#offerFrom(index + 1, context, model, real);
    });
  }

  #run({ command, argument }: CommandCall, context: CommandContext, model: Model, real: Real): void {
    const kind = this.kinds[command];
    if (kind === undefined) throw new Error(`there is no command called '${command}'`);
    if (kind.check?.(model, argument) === false) return;
    kind.run(model, real, argument, context as SimulationContext<unknown>);
  }
}

function labelOf({ command, argument }: CommandCall): string {
  return argument === null ? command : `${command} ${JSON.stringify(argument)}`;
}
