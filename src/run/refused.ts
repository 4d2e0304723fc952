/** What `rouse run` cannot do as it was asked: in words, with the way that leads on. */
export interface Refused {
  readonly refused: string;
  readonly hint: string;
}

export function isRefused(value: object): value is Refused {
  return 'refused' in value;
}
