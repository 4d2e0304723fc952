/** An error for the user: its words, a hint, and the exit code; systemctl(1), "EXIT STATUS". */
export class CliError extends Error {
  constructor(
    message: string,
    readonly hint?: string,
    readonly exitCode: number = EXIT.failure,
  ) {
    super(message);
  }
}

/** systemctl(1), "EXIT STATUS", and the LSB codes behind it. */
export const EXIT = { success: 0, failure: 1, notActive: 3, noSuchUnit: 4, notLoaded: 5 } as const;
