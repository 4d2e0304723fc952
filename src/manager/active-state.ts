/**
 * Tables: the state of each unit type, and the active state that all types share (systemd's unit_active_state). A state is
 * spelled as `systemctl show -p SubState` prints it.
 */

export type ActiveState = 'active' | 'reloading' | 'inactive' | 'failed' | 'activating' | 'deactivating';

export const SOCKET_ACTIVE_STATE = {
  dead: 'inactive',
  'start-pre': 'activating',
  'start-post': 'activating',
  listening: 'active',
  running: 'active',
  'stop-pre': 'deactivating',
  'stop-pre-sigterm': 'deactivating',
  'stop-post': 'deactivating',
  failed: 'failed',
} as const satisfies Readonly<Record<string, ActiveState>>;

export const SERVICE_ACTIVE_STATE = {
  dead: 'inactive',
  condition: 'activating',
  'start-pre': 'activating',
  start: 'activating',
  'start-post': 'activating',
  running: 'active',
  exited: 'active',
  reload: 'reloading',
  'reload-signal': 'reloading',
  'reload-notify': 'reloading',
  stop: 'deactivating',
  'stop-watchdog': 'deactivating',
  'stop-sigterm': 'deactivating',
  'stop-sigkill': 'deactivating',
  'stop-post': 'deactivating',
  'final-sigterm': 'deactivating',
  'final-sigkill': 'deactivating',
  failed: 'failed',
  'auto-restart': 'activating',
} as const satisfies Readonly<Record<string, ActiveState>>;

export const TARGET_ACTIVE_STATE = {
  dead: 'inactive',
  active: 'active',
} as const satisfies Readonly<Record<string, ActiveState>>;

export type SocketState = keyof typeof SOCKET_ACTIVE_STATE;
export type ServiceState = keyof typeof SERVICE_ACTIVE_STATE;
export type TargetState = keyof typeof TARGET_ACTIVE_STATE;

/** The unit does its work, or will come back to it without anyone asking. */
export function isActive(state: ActiveState): boolean {
  return state === 'active' || state === 'reloading';
}

export function isInactive(state: ActiveState): boolean {
  return state === 'inactive' || state === 'failed';
}
