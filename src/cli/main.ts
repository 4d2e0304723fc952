/** The command: where a call goes first. It loads nothing by itself: some verbs are to be gone in milliseconds. */

/** Verbs that become another program, which gets the standard streams as they were given: Node's own would change them. */
const BECOMES: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  activate: async (args) => (await import('./activate.js')).activateVerb(args),
  proxy: async (args) => (await import('./proxy.js')).proxyVerb(args),
};

/** Sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const becomes = BECOMES[argv[0] ?? ''];
  if (becomes === undefined) return (await import('./command.js')).runCommand(argv);
  process.exitCode = await becomes(argv.slice(1));
}
