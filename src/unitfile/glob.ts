/** glob(7) with `*` and `?`, as unit files and commands have it for names. */

/** Matches the whole text. */
export function globExpression(pattern: string): RegExp {
  return new RegExp(
    `^${pattern
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
}
