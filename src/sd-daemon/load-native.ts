/**
 * Loads what needs koffi, once. koffi is an optional package: without it the library serves TCP, UDP and Unix stream sockets.
 */
import { setImmediate as turn } from 'node:timers/promises';

type Native = typeof import('./native.js');

let loaded: Promise<Native> | undefined;

/**
 * Throws an Error that names koffi when it cannot be loaded. Loading keeps the main thread busy for some milliseconds, so the
 * event loop gets some turns before: clients that wait at sockets which Node serves by itself are answered first.
 */
export function loadNative(): Promise<Native> {
  return (loaded ??= load());
}

/** To accept a client, to read what it sent, to answer. */
const TURNS = 3;

async function load(): Promise<Native> {
  for (let i = 0; i < TURNS; i++) await turn();
  try {
    return await import('./native.js');
  } catch (cause) {
    throw new Error("Failed to load the package 'koffi'", { cause });
  }
}
