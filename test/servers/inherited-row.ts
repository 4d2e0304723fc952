/** What is known of a server that takes sockets, and how its client asks it something. */
export interface InheritedRow {
  readonly name: string;
  /** The Debian package whose version the table shows. */
  readonly package: string;
  /** Whose manager: root's when not given. */
  readonly user?: 'tester';
  /** Where the unit files come from: the package, or this project's folder `units` after the server's documentation. */
  readonly units: 'packaged' | 'documented' | 'packaged service, documented socket';
  readonly sockets: readonly string[];
  /** What runs afterwards; not given where each connection has a process of its own. */
  readonly service?: string;
  /** Files of the folder `units` that are put in place. */
  readonly adds?: readonly string[];
  /** Drop-ins, by unit, and why they must be. */
  readonly changes?: { readonly files: Readonly<Record<string, readonly string[]>>; readonly why: string };
  /** How a server is served that takes no sockets. */
  readonly way?: 'Adopt=' | 'rouse proxy';
  /** Run by root before anything else: the server's own configuration and data. */
  readonly setup?: string;
  /** A shell command. */
  readonly client: string;
  readonly expect: RegExp;
  /** In the ordinary test host already: also part of `npm test`. */
  readonly quick?: true;
}

const asTester = 'setpriv --reuid=1000 --regid=1000 --init-groups';
/** A key of tester's that tester accepts. */
export const SSH_KEY = `mkdir -p /run/sshd; ${asTester} sh -c 'mkdir -p -m 700 ~tester/.ssh; ssh-keygen -q -t ed25519 -N "" -f ~tester/.ssh/id_ed25519; cp ~tester/.ssh/id_ed25519.pub ~tester/.ssh/authorized_keys'`;
export const ssh = (port: number): string =>
  `ssh -p ${port} -i /home/tester/.ssh/id_ed25519 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null tester@127.0.0.1 'echo hello from $USER'`;
