/** Patterns of unit names, as systemctl takes them; fnmatch(3). */
export function matcher(pattern: string): (text: string) => boolean {
  const expression = pattern.replace(/\[!|[.+^${}()|\\]|\*|\?/g, (c) => (c === '*' ? '.*' : c === '?' ? '.' : c === '[!' ? '[^' : `\\${c}`));
  try {
    const compiled = new RegExp(`^${expression}$`, 's');
    return (text) => compiled.test(text);
  } catch {
    // A bracket that is never closed stands for itself.
    return (text) => text === pattern;
  }
}

/** Without patterns everything matches. */
export function matchesAny(patterns: readonly string[]): (text: string) => boolean {
  const all = patterns.map(matcher);
  return (text) => all.length === 0 || all.some((matches) => matches(text));
}
