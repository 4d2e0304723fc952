/** Setting a process up has stages, and each has words, so that a user reads what was being done when it failed. */

/** The process could not be set up. `stage` says what was being done. */
export class LaunchError extends Error {
  constructor(
    readonly stage: string,
    detail: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(`${stage}: ${detail}`, options);
  }

  /** The code with which systemd's process would have exited, where systemd finds it out after fork(); systemd.exec(5), "PROCESS EXIT CODES". */
  get exitStatus(): number | undefined {
    return EXIT_STATUS[this.stage];
  }
}

const EXIT_STATUS: Readonly<Record<string, number>> = {
  'finding the program': 203,
  'setting up standard input and output': 209,
  'looking up the group': 216,
  'looking up the user': 217,
  'preparing its sandbox': 226,
  'setting up credentials': 243,
  'changing the user': 217,
};

/** What goes wrong in `action` is the stage's failure. */
export function stage<T>(words: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof LaunchError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new LaunchError(words, detail, undefined, { cause: error });
  }
}
