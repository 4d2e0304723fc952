/** `$NAME`, `${NAME:-default}` and their like in the values of a compose file; compose-spec, 12-interpolation.md. */
export interface Interpolated {
  readonly text: string;
  readonly unset: readonly string[];
  /** `${NAME:?words}` of one that is not there. */
  readonly missing: string | undefined;
}

const REFERENCE = /\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\})/g;

export function interpolate(text: string, env: Readonly<Record<string, string | undefined>>): Interpolated {
  const unset: string[] = [];
  let missing: string | undefined;
  const filled = text.replace(REFERENCE, (whole, bare?: string, braced?: string, operator?: string, word = '') => {
    const name = bare ?? braced;
    if (name === undefined) return '$';
    const value = env[name];
    const isThere = operator?.startsWith(':') === true ? value !== undefined && value !== '' : value !== undefined;
    switch (operator?.at(-1)) {
      case '-':
        return isThere ? (value ?? '') : interpolate(word, env).text;
      case '+':
        return isThere ? interpolate(word, env).text : '';
      case '?':
        if (!isThere) missing ??= `${name} is not set: ${word === '' ? whole : word}`;
        return value ?? '';
      default:
        if (value === undefined) unset.push(name);
        return value ?? '';
    }
  });
  return { text: filled, unset, missing };
}
