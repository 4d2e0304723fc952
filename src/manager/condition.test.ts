import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadText } from '../unit/testing/load-text.js';
import { unmetCondition } from './condition.js';

const folder = mkdtempSync(join(tmpdir(), 'rouse-condition-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'full'));
mkdirSync(join(folder, 'void'));
writeFileSync(join(folder, 'full/file.conf'), 'x');
writeFileSync(join(folder, 'full/run'), '');
chmodSync(join(folder, 'full/run'), 0o755);
symlinkSync('full', join(folder, 'link'));
symlinkSync('nowhere', join(folder, 'broken'));

/** Why a unit with these lines of [Unit] is not started. */
function unmet(lines: string): ReturnType<typeof unmetCondition> {
  return unmetCondition(loadText('x.target', `[Unit]\n${lines.replaceAll('~', folder)}\n`).config?.conditions ?? []);
}

const MET = [
  'PathExists=~/full',
  'PathExists=!~/none',
  'PathExistsGlob=~/full/*.conf',
  'PathExistsGlob=!~/full/*.d',
  'PathIsDirectory=~/link',
  'PathIsDirectory=!~/full/run',
  'PathIsSymbolicLink=~/broken',
  'PathIsSymbolicLink=!~/full',
  'PathIsMountPoint=/proc',
  'PathIsMountPoint=!~/full',
  'PathIsMountPoint=!~/none',
  'PathIsReadWrite=~/full',
  'PathIsReadWrite=!~/none',
  'DirectoryNotEmpty=~/full',
  'DirectoryNotEmpty=!~/void',
  'DirectoryNotEmpty=!~/none',
  'FileNotEmpty=~/full/file.conf',
  'FileNotEmpty=!~/full/run',
  'FileIsExecutable=~/full/run',
  'FileIsExecutable=!~/full',
  `User=${process.getuid?.() ?? 0}`,
  'User=!54321',
  `Group=${process.getgid?.() ?? 0}`,
  'Group=!54321',
  `Host=${hostname()}`,
  'Host=!elsewhere',
  'Architecture=native',
  'Architecture=!vax',
  'Environment=PATH',
  `Environment=PATH=${process.env['PATH'] ?? ''}`,
  'Environment=!ROUSE_NEVER_SET',
];

describe('a condition', () => {
  it.each(MET)('%s is met, and its opposite is not', (line) => {
    const opposite = line.includes('=!') ? line.replace('=!', '=') : line.replace('=', '=!');
    expect(unmet(`Condition${line}`)).toBeUndefined();
    expect(unmet(`Condition${opposite}`)).toMatchObject({ assert: false });
    expect(unmet(`Assert${opposite}`)).toMatchObject({ assert: true });
  });

  it('says in words which it was', () => {
    expect(unmet('ConditionPathExists=/\nConditionPathExists=!/etc')).toEqual({ assert: false, message: 'Skipped, because ConditionPathExists=!/etc is not met' });
  });

  it('that is one of several triggers may fail', () => {
    expect(unmet('ConditionPathExists=|/none\nConditionPathExists=|/etc')).toBeUndefined();
    expect(unmet('ConditionPathExists=|/none\nConditionPathExists=|!/etc')).toMatchObject({ assert: false });
    expect(unmet('ConditionPathExists=/none\nConditionPathExists=|/etc')).toMatchObject({ assert: false });
  });

  it('comes after every assert', () => {
    expect(unmet('ConditionPathExists=/none\nAssertPathExists=/none')).toMatchObject({ assert: true });
  });
});
