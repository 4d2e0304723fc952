import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatUnitFile } from '../unitfile/format.js';
import { parseUnitFile } from '../unitfile/parse.js';
import { checkFiles, randomFiles } from './testing/fuzz.js';
import type { Texts } from './testing/verify-texts.js';

const SEEDS = [
  [
    'web.container',
    '[Unit]\nAfter=data.volume\n[Container]\nImage=quay.io/x/y:1\nVolume=data.volume:/data\nEnvironment="A=b c" \\\n  D=e\nPublishPort=8080:80\n[Service]\nRestart=always\n[Install]\nWantedBy=default.target\n',
  ],
  ['web.socket', '[Socket]\nListenStream=127.0.0.1:8080\nListenStream=%t/x.sock\nSocketMode=0600\n[Install]\nWantedBy=sockets.target\n'],
  ['data.volume', '[Volume]\nLabel=a=b\n'],
] as const;

/** What the fuzzer has found, with what it was about. */
const CASES: readonly (readonly [title: string, files: Texts])[] = [
  ['a backslash at the end of a value does not swallow the next line of the service', { 'a.pod': '[X-Mine]\nA=b\\ \n[Service]\nEnvironment=C=d\\' }],
  ['a service whose name is none is reported for its Quadlet file', { '%n.pod': '[Pod]\n', 'é.volume': '[Volume]\n' }],
  [
    'thousands of slips in one line take no longer than the line',
    { 'web.container': `[Container]\nImage=quay.io/x/y\nAddCapability=${'x'.repeat(9)}${' y'.repeat(20_000)}\n`, 'a.target': `[Unit]\nAfter=${'b '.repeat(20_000)}\n` },
  ],
  ['thousands of backslashes that continue nothing', { 'a.service': `[Service]\nEnvironment=${'\\'.repeat(20_001)},\\\n  A=b\n` }],
  ['a drop-in whose unit is not there', { '-.volume.d/1.conf': '[Volume\nType=%', 'x@.service.d/1.conf': '[Service]\nExecStart=%Z\n' }],
];

describe('no input, however broken, throws', () => {
  test('any text prints as it was parsed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(text.includes('\0') ? text : formatUnitFile(parseUnitFile('/x', text).value)).toBe(text);
      }),
    );
  });

  test('any set of files is read, merged, loaded, converted and verified', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => checkFiles(randomFiles(seed, SEEDS))),
      { numRuns: 150 },
    );
  });

  test.each(CASES.map(([title, files]) => [title, files] as const))('%s', (_, files) => checkFiles(files));
});
