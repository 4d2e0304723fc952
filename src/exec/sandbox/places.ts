/** Folders of rouse's own from which what is hidden is covered. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmptyPlaces } from './mounts.js';

/** Throws Node's file errors. */
export function emptyPlaces(rouseDir: string): EmptyPlaces {
  const parent = join(rouseDir, 'inaccessible');
  const places = { folder: join(parent, 'folder'), file: join(parent, 'file'), stage: join(parent, 'stage') };
  if (existsSync(places.stage)) return places;
  mkdirSync(places.folder, { recursive: true });
  writeFileSync(places.file, '');
  mkdirSync(places.stage, { recursive: true });
  for (const path of [places.folder, places.file]) chmodSync(path, 0);
  return places;
}
