import type { Situation } from './compare.mjs';

export const SITUATIONS: readonly Situation[];
