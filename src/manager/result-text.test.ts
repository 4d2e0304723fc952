import { describe, expect, it } from 'vitest';
import { service } from '../unit/testing/load-text.js';
import { describeResult, exitText } from './result-text.js';

describe('how a service ended, in words', () => {
  it.each([
    ['success', 'Ended well'],
    ['resources', 'A process could not be set up'],
    ['timeout', 'It took longer than it may (TimeoutStartSec=5s, TimeoutStopSec=infinity)'],
    ['protocol', 'The main process left before it said READY=1 (Type=notify)'],
    ['watchdog', 'It did not send WATCHDOG=1 in time'],
    ['start-limit-hit', 'Start limit hit: it was started too often in too short a time, refusing to start it'],
    ['exec-condition', 'ExecCondition= said that it is not to run'],
    ['exit-code', 'A process of it failed (exit-code)'],
  ])('%s: %s', (result, words) => {
    expect(describeResult(result, undefined, service('Type=notify\nTimeoutStartSec=5\nTimeoutStopSec=0'))).toBe(words);
  });

  it('names what a forking service lacked', () => {
    expect(describeResult('protocol', undefined, service('Type=forking'))).toBe('No main process was left when the command of ExecStart= had returned');
  });

  it.each([
    [{ code: 'exited', status: 3 }, 'The main process exited with code 3'],
    [{ code: 'exited', status: 203 }, 'The main process exited with code 203 (EXEC)'],
    [{ code: 'killed', status: 9, signal: 'SIGKILL' }, 'The main process was ended by SIGKILL'],
    [{ code: 'killed', status: 70 }, 'The main process was ended by signal 70'],
    [{ code: 'dumped', status: 6, signal: 'SIGABRT' }, 'The main process was ended by SIGABRT and dumped core'],
  ] as const)('has the number or the signal: %j', (exit, words) => {
    expect(exitText(exit)).toBe(words);
    expect(describeResult('exit-code', exit)).toBe(words);
  });
});
