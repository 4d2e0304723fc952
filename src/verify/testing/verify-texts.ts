/** For tests: files by name and text, written to a folder of their own and verified. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Scope } from '../../load/scope.js';
import type { Diagnostic } from '../../unitfile/diagnostic.js';
import { allInputs, namedInputs } from '../inputs.js';
import { verify } from '../verify.js';

export interface Setting {
  readonly mode?: 'system' | 'user';
  /** Which of the files are named; all that do not stand on the search path, where it says nothing. Empty: all of the search path. */
  readonly named?: readonly string[];
  readonly host?: boolean;
}

export type Texts = Readonly<Record<string, string>>;

/** Files below `path/` are on the search path, and `ROOT` in a text is the folder of all. Paths in what is found are relative to it. */
export function verifyTexts(texts: Texts, { mode = 'system', named, host = true }: Setting = {}): readonly Diagnostic[] {
  const root = mkdtempSync(join(tmpdir(), 'rouse-verify-'));
  try {
    for (const [name, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text.replaceAll('ROOT', root));
    }
    const words =
      named ??
      Object.keys(texts).filter(
        (name) => !name.startsWith('path/') && !name.includes('.d/') && /\.(socket|service|target|container|pod|kube|volume|network|image|build|artifact)$/.test(name),
      );
    return verifyFolder(root, words, { mode, host }).map((each) => ({
      ...each,
      file: each.file.replace(`${root}/`, ''),
      message: each.message.replaceAll(root, 'ROOT'),
      ...(each.hint === undefined ? {} : { hint: each.hint.replaceAll(root, 'ROOT') }),
    }));
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** With `path` below the folder as the search path. No words: all of that. */
export function verifyFolder(root: string, words: readonly string[], { mode = 'system', host = true }: Setting = {}): readonly Diagnostic[] {
  const scope = scopeIn(root, mode);
  return verify(words.length === 0 ? allInputs(scope) : namedInputs(words, root, scope), { scope, env: {}, host });
}

function scopeIn(root: string, mode: 'system' | 'user'): Scope {
  const system = mode === 'system';
  return {
    mode,
    uid: system ? 0 : 1000,
    gid: system ? 0 : 1000,
    userName: system ? 'root' : 'somebody',
    home: join(root, 'home'),
    runtimeDir: join(root, 'run'),
    rouseDir: join(root, 'run/rouse'),
    controlSocket: join(root, 'run/rouse/control.sock'),
    logDir: join(root, 'log'),
    configUnitDir: join(root, 'path'),
    unitDirs: [join(root, 'path')],
    generatorDirs: [],
    quadletDirs: [join(root, 'path')],
    notice: undefined,
    warnings: [],
  };
}

/** 'web.socket:3:1 warning unknown-key: Unknown key …' */
export function lineOf({ file, line, column, severity, code, message }: Diagnostic): string {
  return `${file}:${line}:${column ?? '-'} ${severity} ${code}: ${message}`;
}
