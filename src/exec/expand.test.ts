import { describe, expect, it } from 'vitest';
import { service } from '../unit/testing/load-text.js';
import { expandCommand } from './expand.js';

const ENVIRONMENT = new Map([
  ['ONE', 'one'],
  ['TWO', 'two two'],
  ['QUO', `'a b' "c d" e`],
  ['BS', 'a\\ b \\"c'],
  ['EMPTY', ''],
  ['SP', '  x   y  '],
  ['MIX', "a'b c'd"],
  ['OPEN', 'a "b c'],
]);

/** argv without argv[0], of a command with these words. */
function expand(words: string, prefix = ''): readonly string[] {
  const [command] = service(`ExecStart=${prefix}/bin/args ${words}`).execStart;
  return command === undefined ? [] : expandCommand(command, ENVIRONMENT).argv.slice(1);
}

// Each as systemd 257 expands it.
const TABLE: readonly (readonly [words: string, expected: readonly string[]])[] = [
  ['$ONE $TWO $QUO', ['one', 'two', 'two', 'a b', 'c d', 'e']],
  ['${ONE} ${TWO} x${TWO}y "${QUO}"', ['one', 'two two', 'xtwo twoy', `'a b' "c d" e`]],
  ['${UNSET} $UNSET ${EMPTY} $EMPTY', ['', '']],
  ['$$ONE $${ONE} a$ONE', ['$ONE', '${ONE}', 'a$ONE']],
  ['$ONE-b $1 $ $ONE$TWO', []],
  ['${ ${ONE ${9}', ['${', '${ONE', '']],
  [`"$TWO" '$TWO'`, ['two', 'two', 'two', 'two']],
  ['$BS $SP $MIX', ['a b', '"c', 'x', 'y', 'ab cd']],
  ['$OPEN', ['a', 'b c']],
  ['${ONE:-x} ${UNSET:+y}', ['${ONE:-x}', '${UNSET:+y}']],
  ["plain 'a $ b'", ['plain', 'a $ b']],
];

describe('variables in a command line', () => {
  it.each(TABLE)('%s are replaced as systemd does', (words, expected) => {
    expect(expand(words)).toEqual(expected);
  });

  it('are left alone with the prefix :', () => {
    expect(expand('$ONE ${ONE} $$', ':')).toEqual(['$ONE', '${ONE}', '$$']);
  });

  it('that are not set are told', () => {
    const [command] = service('ExecStart=/bin/args $NONE ${NADA} $ONE').execStart;
    expect(command === undefined ? [] : expandCommand(command, ENVIRONMENT).unset).toEqual(['NONE', 'NADA']);
  });

  it('never name the program', () => {
    const [command] = service('ExecStart=/bin/${ONE} x').execStart;
    expect(command === undefined ? undefined : expandCommand(command, ENVIRONMENT).path).toBe('/bin/${ONE}');
  });
});
