/** The command: where a call goes first. It loads nothing by itself: some verbs are to be gone in milliseconds. */

/** Names under which a link to us stands in the place of podman's generator. */
const GENERATOR_NAME = /^(quadlet|podman-(system|user)-generator)$/;

/** Verbs that get the standard streams as they were given: Node's own would change them, and take time to load. */
const BECOMES: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  activate: async (args) => (await import('./activate.js')).activateVerb(args),
  generator: async (args) => (await import('./generator.js')).generatorVerb(args),
  proxy: async (args) => (await import('./proxy.js')).proxyVerb(args),
};

/** Sets the exit code. `calledAs` is the name of the program or of the link to it. */
export async function main(given: readonly string[], calledAs: string): Promise<void> {
  // By its name podman's generator knows whose it is, too.
  const argv = GENERATOR_NAME.test(calledAs) ? ['generator', ...(calledAs.includes('user') ? ['--user'] : []), ...given] : given;
  const becomes = BECOMES[argv[0] ?? ''];
  if (becomes === undefined) return (await import('./command.js')).runCommand(argv);
  process.exitCode = await becomes(argv.slice(1));
}
