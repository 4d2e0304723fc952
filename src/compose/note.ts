/** What of a compose file could not be carried over, or not as it stands, and what to do about it. */
export interface Note {
  readonly line: number;
  /** 'services.web.deploy' */
  readonly key: string;
  readonly message: string;
  readonly hint?: string | undefined;
}
