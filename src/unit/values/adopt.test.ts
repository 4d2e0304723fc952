import { describe, expect, it } from 'vitest';
import { loadText } from '../testing/load-text.js';
import { adoptMode, adoptTarget } from './adopt.js';

describe('Adopt=', () => {
  it.each([
    ['auto', 'auto'],
    ['yes', 'yes'],
    ['true', 'yes'],
    ['off', 'no'],
  ])('%s is a choice', (text, mode) => {
    expect(adoptMode(text)).toEqual({ ok: true, value: mode });
  });

  it('takes a number for a port, and not for a boolean', () => {
    expect(adoptMode('1').ok).toBe(false);
    expect(adoptTarget('1')).toEqual({ ok: true, value: { held: undefined, address: { family: 'any', port: 1 } } });
  });

  it.each([
    ['80', { held: undefined, address: { family: 'any', port: 80 } }],
    ['8080:80', { held: 8080, address: { family: 'any', port: 80 } }],
    ['127.0.0.1:80', { held: undefined, address: { family: 'inet', host: '127.0.0.1', port: 80 } }],
    ['[::]:80', { held: undefined, address: { family: 'inet6', host: '::', port: 80 } }],
    ['/run/app.sock', { held: undefined, address: { family: 'unix', path: '/run/app.sock' } }],
    ['@app', { held: undefined, address: { family: 'abstract', name: 'app' } }],
    ['-', { held: undefined, address: undefined }],
  ])('%s is what the program binds', (text, value) => {
    expect(adoptTarget(text)).toEqual({ ok: true, value });
  });

  it.each(['0', '99999', 'maybe', '80:0', 'x:80', 'vsock::80', 'run/app.sock'])('%s is neither', (text) => {
    expect(adoptMode(text).ok || adoptTarget(text).ok).toBe(false);
  });

  it('says where ports belong when they stand in a service', () => {
    const { config, diagnostics } = loadText('web.service', '[Service]\nExecStart=/bin/true\n[X-Rouse]\nAdopt=80\n');
    expect(config).toBeDefined();
    expect(diagnostics.map(({ message }) => message)).toEqual(["Failed to parse Adopt=, ignoring: '80' is not auto, yes or no; ports and addresses stand in the .socket"]);
  });
});
