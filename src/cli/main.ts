/** The command: where a call goes first. It loads nothing by itself: some verbs are to be gone in milliseconds. */

/** Verbs that get the standard streams as they were given: Node's own would change them, and take time to load. */
const BECOMES: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  activate: async (args) => (await import('./activate.js')).activateVerb(args),
  proxy: async (args) => (await import('./proxy.js')).proxyVerb(args),
};

/** Sets the exit code. `rouse generator` never comes here: bin/rouse runs it from a bundle of its own. */
export async function main(argv: readonly string[]): Promise<void> {
  const becomes = BECOMES[argv[0] ?? ''];
  if (becomes === undefined) return (await import('./command.js')).runCommand(argv);
  process.exitCode = await becomes(argv.slice(1));
}
