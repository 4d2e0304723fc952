import { describe, expect, it } from 'vitest';
import { loadText } from '../unit/testing/load-text.js';
import { CallError } from './names.js';
import { transientText, type TransientProperty } from './transient-unit.js';
import { Variant, type Value } from './value.js';

function properties(...all: readonly (readonly [name: string, signature: string, value: Value])[]): readonly TransientProperty[] {
  return all.map(([name, signature, value]) => [name, new Variant(signature, value)]);
}

describe('a unit that is made of properties', () => {
  it('is what systemd-run means', () => {
    const text = transientText(
      properties(
        ['Description', 's', '100% done'],
        ['Type', 's', 'oneshot'],
        ['AddRef', 'b', true],
        ['RemainAfterExit', 'b', true],
        ['TimeoutStopUSec', 't', 1_500_000n],
        ['RuntimeMaxUSec', 't', 2n ** 64n - 1n],
        ['Nice', 'i', 5],
        ['Environment', 'as', ['A=b c', 'P=50%']],
        ['After', 'as', ['a.service', 'b.service']],
        ['ExecStart', 'a(sasb)', [['/bin/sh', ['/bin/sh', '-c', 'echo "$A"; exit 1'], true]]],
        ['ExecStopPostEx', 'a(sasas)', [['/bin/echo', ['other name', '%h'], ['privileged']]]],
      ),
    );
    const { config, diagnostics } = loadText('x.service', text);
    expect(diagnostics).toEqual([]);
    expect(config).toMatchObject({
      description: '100% done',
      serviceType: 'oneshot',
      remainAfterExit: true,
      timeoutStopMs: 1500,
      runtimeMaxMs: Infinity,
      execStart: [{ path: '/bin/sh', argv: ['/bin/sh', '-c', 'echo "$A"; exit 1'], ignoreFailure: true }],
      execStopPost: [{ path: '/bin/echo', argv: ['other name', '%h'], fullPrivileges: true }],
      exec: {
        nice: 5,
        environment: [
          ['A', 'b c'],
          ['P', '50%'],
        ],
      },
    });
  });

  it.each([
    ['a property that there is none of', properties(['Nonsense', 's', 'x']), 'Cannot set property Nonsense, or unknown property.'],
    ['a value of more than one line', properties(['Description', 's', 'a\n[Service]\nExecStart=/bin/evil']), 'A value must be one line'],
    ['a value of a type that no key has', properties(['ExecStart', 'v', new Variant('s', 'x')]), "rouse takes no values of type 'v'"],
  ])('is refused with %s', (_, given, words) => {
    expect(() => transientText(given)).toThrow(CallError);
    expect(() => transientText(given)).toThrow(words);
  });
});
