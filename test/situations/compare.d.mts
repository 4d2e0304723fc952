export interface Situation {
  readonly group: string;
  readonly name: string;
  readonly number: number;
  /** Part of `npm test`. */
  readonly quick?: boolean;
  /** Why another outcome is right. */
  readonly differs?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly keep?: string;
  readonly script: string;
}

export interface Outcome {
  readonly situation: Situation;
  readonly systemd: string;
  readonly rouse: string;
  readonly equal: boolean;
}

export function compareSituations(
  situations: readonly Situation[],
  options?: { readonly client?: string; readonly onOutcome?: (outcome: Outcome) => void },
): Promise<readonly Outcome[]>;
