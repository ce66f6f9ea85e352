/** One of the verbs of `supervisor`. */
export interface Command {
  /** The verb and what it takes: `scale <name> <count>`. */
  readonly synopsis: string;
  /** One line. */
  readonly summary: string;
  /** What else is to know, in lines of at most 100 characters. */
  readonly notes?: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  /** How many words it takes beside the options. */
  readonly words: readonly [min: number, max: number];
  run(call: Call): Promise<unknown>;
}

export interface CommandOption {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
}

/** A command as somebody typed it. */
export interface Call {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

/** It was typed wrongly: told with a pointer to the help, and exit code 2. */
export class UsageError extends Error {
  static {
    this.prototype.name = 'UsageError';
  }
}

/** A word that has to be a number. Throws a `UsageError`. */
export function wholeNumber(word: string, what: string, min: number): number {
  const number = Number(word);
  if (!/^\d+$/.test(word) || number < min || !Number.isSafeInteger(number)) {
    throw new UsageError(`Expected ${what} to be a whole number from ${min}, got '${word}'`);
  }
  return number;
}
