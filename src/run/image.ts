/** The image of a `rouse run`: there before the first client comes, pulled with podman's own progress, and what it says about itself. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { PublishedPort } from './ports.js';
import type { Refused } from './refused.js';

export interface ImageFacts {
  /** With its registry, as Quadlet wants it. */
  readonly name: string;
  /** What EXPOSE says. */
  readonly ports: readonly PublishedPort[];
}

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** `pull`: as podman's --pull; missing when not given. */
export async function prepareImage(image: string, pull: string | undefined): Promise<ImageFacts | Refused> {
  const isThere = pull !== 'always' && pull !== 'newer' && (await podman(['image', 'exists', image])).code === 0;
  if (!isThere && pull !== 'never') {
    const pulled = await podman(['pull', ...(pull === 'newer' ? ['--policy=newer'] : []), image], { shown: true });
    if (pulled.code !== 0) return { refused: `Failed to pull ${image}`, hint: `a command of this host goes behind a --: rouse run -p … -- ${image}` };
  }
  const inspected = await podman(['image', 'inspect', '--format', '{{json .RepoTags}} {{json .Config.ExposedPorts}}', image]);
  if (inspected.code !== 0) return { refused: `No image ${image}`, hint: 'rouse run pulls it where --pull=never does not stand in the way' };
  const [tags = 'null', ports = 'null'] = inspected.output.trim().split(' ');
  return { name: fullName(image, (JSON.parse(tags) as string[] | null) ?? []), ports: exposed(JSON.parse(ports) as object | null) };
}

/** 'nginx' is what podman took it for. */
function fullName(image: string, tags: readonly string[]): string {
  const first = image.split('/', 1)[0] ?? '';
  if (image.includes('/') && (/[.:]/.test(first) || first === 'localhost')) return image;
  const tagged = /:[^/]+$/.test(image) ? image : `${image}:latest`;
  return tags.find((tag) => tag.endsWith(`/${tagged}`)) ?? image;
}

function exposed(ports: object | null): readonly PublishedPort[] {
  return Object.keys(ports ?? {}).flatMap((text): readonly PublishedPort[] => {
    const [, port, protocol = 'tcp'] = /^(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
    return port === undefined ? [] : [{ kind: protocol === 'udp' ? 'datagram' : 'stream', held: port, program: port, port: Number(port) }];
  });
}

/** Progress goes to standard error, as podman writes it. */
function podman(args: readonly string[], { shown = false } = {}): Promise<Ended> {
  const child = spawn('podman', [...args], { stdio: ['ignore', 'pipe', shown ? 'inherit' : 'ignore'] });
  const output = text(child.stdout);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => void output.then((printed) => resolve({ code: code ?? 1, output: printed })));
  });
}
