/** Keys of [Service]; systemd.service(5). */
import { EXEC_KEYS, KILL_KEYS } from './exec-keys.js';
import { NO_STATUSES } from './defaults.js';
import { custom, many, one, silent, tableOf, validWords, vital, wordList, type KeyRow } from './key-table.js';
import { INPUT_KEYS } from './input-keys.js';
import { unitNameOf } from './name.js';
import { commands, mayFail } from './values/command.js';
import { exitStatus } from './values/exec-values.js';
import { boolean, oneOf, preserve, signal, text, wholeNumber } from './values/simple.js';
import { timeSpan, timeout } from './values/time-span.js';
import type { Command, ExitStatusSet } from './config.js';
import { START_LIMIT_KEYS } from './unit-keys.js';

/** Unlike systemd: a command with an open quote keeps the unit from loading too, as every other that cannot be read does. */
export function commandKey(key: string, field: string): KeyRow {
  return vital(
    many<Command>(key, field, (value, { specifiers, place }) => commands(value, specifiers, place)),
    (value) => !mayFail(value),
  );
}

function statusKey(key: string, field: string): KeyRow {
  return custom(key, (draft, value, context) => {
    const { codes, signals } = value === '' ? NO_STATUSES : (draft[field] as ExitStatusSet);
    const statuses = validWords(value, context, exitStatus);
    draft[field] = {
      codes: [...codes, ...statuses.filter((status) => typeof status === 'number')],
      signals: [...signals, ...statuses.filter((status) => typeof status === 'string')],
    };
    return undefined;
  });
}

const failureMode = oneOf('terminate', 'abort', 'kill');

export const SERVICE_KEYS = tableOf(
  one('Type', 'serviceType', oneOf('simple', 'exec', 'forking', 'oneshot', 'dbus', 'notify', 'notify-reload', 'idle')),
  commandKey('ExecStartPre', 'execStartPre'),
  commandKey('ExecStart', 'execStart'),
  commandKey('ExecStartPost', 'execStartPost'),
  commandKey('ExecCondition', 'execCondition'),
  commandKey('ExecReload', 'execReload'),
  commandKey('ExecStop', 'execStop'),
  commandKey('ExecStopPost', 'execStopPost'),
  one('RemainAfterExit', 'remainAfterExit', boolean, false),
  one('PIDFile', 'pidFile', text),
  one('BusName', 'busName', text),
  one('Restart', 'restart', oneOf('no', 'on-success', 'on-failure', 'on-abnormal', 'on-watchdog', 'on-abort', 'always'), 'no'),
  one('RestartSec', 'restartMs', timeSpan, 100),
  one('RestartSteps', 'restartSteps', wholeNumber(0, 2 ** 32 - 1), 0),
  one('RestartMaxDelaySec', 'restartMaxDelayMs', timeSpan, Infinity),
  one('RestartMode', 'restartMode', oneOf('normal', 'direct'), 'normal'),
  custom('TimeoutSec', (draft, value) => {
    const parsed = timeout(value === '' ? '90' : value);
    if (!parsed.ok) return parsed.expected;
    draft['timeoutStartMs'] = draft['timeoutStopMs'] = parsed.value;
    return undefined;
  }),
  one('TimeoutStartSec', 'timeoutStartMs', timeout),
  one('TimeoutStopSec', 'timeoutStopMs', timeout),
  one('TimeoutAbortSec', 'timeoutAbortMs', timeout),
  one('TimeoutStartFailureMode', 'timeoutStartFailureMode', failureMode, 'terminate'),
  one('TimeoutStopFailureMode', 'timeoutStopFailureMode', failureMode, 'terminate'),
  one('RuntimeMaxSec', 'runtimeMaxMs', timeSpan, Infinity),
  one('RuntimeRandomizedExtraSec', 'runtimeRandomizedExtraMs', timeSpan, 0),
  one('WatchdogSec', 'watchdogMs', timeSpan, 0),
  one('NotifyAccess', 'notifyAccess', oneOf('none', 'main', 'exec', 'all')),
  statusKey('SuccessExitStatus', 'successExitStatus'),
  statusKey('RestartPreventExitStatus', 'restartPreventExitStatus'),
  statusKey('RestartForceExitStatus', 'restartForceExitStatus'),
  one('GuessMainPID', 'guessMainPid', boolean, true),
  one('RootDirectoryStartOnly', 'rootDirectoryStartOnly', boolean, false),
  one('NonBlocking', 'nonBlocking', boolean, false),
  one('ReloadSignal', 'reloadSignal', signal, 'SIGHUP'),
  one('FileDescriptorStoreMax', 'fileDescriptorStoreMax', wholeNumber(0, 65536), 0),
  one('FileDescriptorStorePreserve', 'fileDescriptorStorePreserve', preserve, 'restart'),
  wordList('Sockets', 'sockets', unitNameOf('socket')),
  custom('Delegate', (draft, value) => {
    draft['delegate'] = !/^(no|false|off|0|n|f)$/i.test(value);
    return undefined;
  }),
  silent('ExitType OOMPolicy USBFunctionDescriptors USBFunctionStrings DelegateSubgroup SysVStartPriority PermissionsStartOnly FsckPassNo BusPolicy'),
  INPUT_KEYS.filter(({ key }) => key === 'OpenFile'),
  // Moved to [Unit] long ago; units still have them here.
  START_LIMIT_KEYS,
  silent('StartLimitAction FailureAction SuccessAction RebootArgument'),
  EXEC_KEYS.flat(),
  KILL_KEYS,
);
