/** containers.conf(5): the few settings of podman's that decide how its commands have to be written. */
import { readdirSync, readFileSync } from 'node:fs';

/** The last value of a setting that is a string, from the files that podman reads, in their order. */
export function containersConf(key: string, home: string): string | undefined {
  const places = ['/usr/share/containers', '/etc/containers', `${home}/.config/containers`];
  const files = places.flatMap((folder) => [`${folder}/containers.conf`, ...confs(`${folder}/containers.conf.d`)]);
  const setting = new RegExp(`^\\s*${key}\\s*=\\s*["']([^"']+)["']`, 'm');
  return files.flatMap((file) => setting.exec(readText(file))?.[1] ?? []).at(-1);
}

function confs(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
