/** Texts of units that many situations have. */

export const SLEEPS = '[Service]\nExecStart=/bin/sleep infinity\n';

/** Leaves its word in the trace when it starts and when it stops. */
export function tracing(word, unit = '', service = '') {
  return `[Unit]\n${unit}\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'echo +${word} >>/run/X-trace'\nExecStop=/bin/sh -c 'echo -${word} >>/run/X-trace'\n${service}\n`;
}

/** Sleeps, as a unit with these lines. */
export function sleeping(unit = '', service = '') {
  return `[Unit]\n${unit}\n${SLEEPS}${service}\n`;
}

export function oneshot(command, service = '', unit = '') {
  return `[Unit]\n${unit}\n[Service]\nType=oneshot\nExecStart=${command}\n${service}\n`;
}
