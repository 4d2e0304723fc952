/**
 * In what a service of the newest podman differs from one of podman 5.4.2, for a file that both take. Each row turns podman 5.4.2's
 * service into what is expected of ours; what is different then is a bug.
 */
import type { Command, Service } from './compare.js';

export interface Difference {
  readonly why: string;
  /** The same object where there is nothing of it in the service. `quadlets` are the names of all files. */
  readonly apply: (theirs: Service, quadlets: readonly string[]) => Service;
}

/** Changes commands; the service stays the same object where none changes. */
function inCommands(change: (command: Command, key: string, all: Service['commands']) => Command): Difference['apply'] {
  return (service) => {
    const entries = Object.entries(service.commands).map(([key, command]) => [key, change(command, key, service.commands)] as const);
    return entries.every(([key, command]) => command === service.commands[key]) ? service : { ...service, commands: Object.fromEntries(entries) };
  };
}

/** Changes lines by a function that returns undefined for those that stay. */
function inLines(change: (line: string, section: string) => string | undefined): Difference['apply'] {
  return (service) => {
    let changed = false;
    const lines = Object.fromEntries(
      Object.entries(service.lines).map(([section, list]) => [
        section,
        list.map((line) => {
          const other = change(line, section);
          changed ||= other !== undefined;
          return other ?? line;
        }),
      ]),
    );
    return changed ? { ...service, lines } : service;
  };
}

/** Changes words of options; undefined removes an option. */
function inOptions(command: Command, change: (option: readonly string[]) => readonly string[] | undefined): Command {
  const options = command.options.flatMap((option) => {
    const other = change(option);
    return other === undefined ? [] : [other];
  });
  return options.length === command.options.length && options.every((option, i) => option === command.options[i]) ? command : { ...command, options };
}

function valueOf(command: Command | undefined, name: string): string {
  return command?.options.findLast(([option]) => option === name)?.[1] ?? '';
}

const CID_FILE = '--cidfile=%t/%N.cid';
const POD_FILE = '--pod-id-file=%t/%N.pod-id';

export const DIFFERENCES: readonly Difference[] = [
  {
    why: 'A container is known by its name and no longer by a file with its id.',
    apply: inCommands((command, _, all) => {
      if (!command.options.some(([option]) => option === CID_FILE)) return command;
      const without = inOptions(command, (option) => (option[0] === CID_FILE ? undefined : option));
      return without.head.at(-1) === 'run' ? without : { ...without, tail: [...without.tail, valueOf(all['ExecStart'], '--name')] };
    }),
  },
  {
    why: 'A pod is known by its name and no longer by a file with its id.',
    apply: inCommands((command, _, all) => {
      if (!command.options.some(([option]) => option === POD_FILE)) return command;
      const without = inOptions(command, (option) => (option[0] === POD_FILE ? undefined : option));
      return without.head.at(-1) === 'create' ? without : { ...without, tail: [...without.tail, valueOf(all['ExecStartPre'], '--name')] };
    }),
  },
  {
    why: 'A container joins its pod by the name of the pod.',
    apply: inCommands((command) =>
      inOptions(command, (option) => (option[0] === '--pod-id-file' ? ['--pod', `systemd-${/^%t\/(.*)-pod\.pod-id$/.exec(option[1] ?? '')?.[1] ?? ''}`] : option)),
    ),
  },
  {
    why: '--exit-policy has its value in a word of its own, because ExitPolicy= may be set.',
    apply: inCommands((command) => inOptions(command, (option) => (option[0] === '--exit-policy=stop' ? ['--exit-policy', 'stop'] : option))),
  },
  {
    why: '--entrypoint has its value in the same word, so that an empty one takes the entry point of the image away.',
    apply: inCommands((command) => inOptions(command, (option) => (option[0] === '--entrypoint' ? [`--entrypoint=${option[1] ?? ''}`] : option))),
  },
  {
    why: 'A variable without a value is handed on from podman’s own environment; 5.4.2 drops it.',
    apply: (service) => {
      const names = (service.lines['X-Container'] ?? []).flatMap((line) => /^Environment=([A-Za-z_]\w*)$/.exec(line)?.[1] ?? []);
      const start = service.commands['ExecStart'];
      if (names.length === 0 || start === undefined) return service;
      const key = ([option, value = '']: readonly string[]): string => (option === '--env' ? (value.split('=', 1)[0] ?? '') : '');
      const env = [...start.options.filter(([option]) => option === '--env'), ...names.map((name) => ['--env', name])].sort((a, b) => (key(a) < key(b) ? -1 : 1));
      return { ...service, commands: { ...service.commands, ExecStart: { ...start, options: [...start.options.filter(([option]) => option !== '--env'), ...env] } } };
    },
  },
  {
    why: 'A quote at the end of a value stays where there is none at its beginning.',
    apply: (service) => {
      const health = (service.lines['X-Container'] ?? []).find((line) => /^HealthCmd=[^"].*"$/.test(line))?.slice('HealthCmd='.length);
      return health === undefined
        ? service
        : inCommands((command) => inOptions(command, (option) => (option[0] === '--health-cmd' ? ['--health-cmd', health] : option)))(service, []);
    },
  },
  {
    why: 'The device of a volume of Type=bind is mounted before the volume is made.',
    apply: (service) => {
      const volume = service.lines['X-Volume'] ?? [];
      const device = volume.find((line) => line.startsWith('Device=/'))?.slice('Device='.length);
      if (device === undefined || !volume.includes('Type=bind')) return service;
      return { ...service, lines: { ...service.lines, Unit: [...(service.lines['Unit'] ?? []), `RequiresMountsFor=${device}`] } };
    },
  },
  {
    why: 'A path with blanks in it is one path of RequiresMountsFor=.',
    apply: inLines((line, section) => {
      const path = /^RequiresMountsFor=(\/\S* .*)$/.exec(line)?.[1];
      return section !== 'Unit' || path === undefined ? undefined : `RequiresMountsFor="${path}"`;
    }),
  },
  {
    why: 'Dependencies in [Unit] may be named by Quadlet file.',
    apply: (service, quadlets) =>
      inLines((line, section) => {
        const [key = '', value = ''] = line.split(/=(.*)/s);
        if (section !== 'Unit' || !['After', 'Requires'].includes(key) || !value.split(' ').some((word) => quadlets.includes(word))) return undefined;
        return `${key}=${value
          .split(' ')
          .map((word) => (quadlets.includes(word) ? word.replace(/\.(volume|network|pod|image|build)$/, '-$1.service').replace(/\.(container|kube)$/, '.service') : word))
          .join(' ')}`;
      })(service, quadlets),
  },
  {
    why: 'The service of a template is a template: each-volume@.service and no longer each@-volume.service.',
    apply: (service) => {
      const name = service.name.replace(/@-volume\.service$/, '-volume@.service');
      const renamed = inLines((line) => (line.includes('@-volume.service') ? line.replace('@-volume.service', '-volume@.service') : undefined))(service, []);
      return name === service.name ? renamed : { ...renamed, name };
    },
  },
  {
    why: 'What a template makes is named for the instance.',
    apply: inCommands((command) => {
      const changed = inOptions(command, (option) =>
        option.at(-1)?.startsWith('systemd-each@') === true ? [...option.slice(0, -1), (option.at(-1) ?? '').replace('systemd-each@', 'systemd-each-%i')] : option,
      );
      return changed.tail.includes('systemd-each@') ? { ...changed, tail: changed.tail.map((word) => (word === 'systemd-each@' ? 'systemd-each-%i' : word)) } : changed;
    }),
  },
  {
    why: 'Unlike podman: a lone ; in Exec= does not end the command.',
    apply: inCommands((command) => (command.tail.includes(';') ? { ...command, tail: command.tail.map((word) => (word === ';' ? '\\;' : word)) } : command)),
  },
];
