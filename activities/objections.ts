import { closeObjection } from '../db/objections.ts';
import type { SomeActs } from './acts.ts';

export const objectionActs = {
  closeObjection: async ({ trx, procedure, act }) => closeObjection(trx, procedure, act.code),
} satisfies SomeActs;
