import { closeObjection } from '../db/objections.ts';
import type { ActsOfOffice } from './acts.ts';

export const objectionActs: ActsOfOffice = {
  closeObjection: async ({ trx, procedure, act }) => closeObjection(trx, procedure, act.code ?? ''),
};
