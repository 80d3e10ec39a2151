/** The acts that a step of a procedure can perform, by name: each runs in the step's transaction and may return flags for the procedure. */
import type { Trx } from '../db/client.ts';
import type { LockedProcedure } from '../db/protocol/procedures.ts';
import type { Vault } from '../db/vault.ts';
import type { Flags, OfficeAct } from '../workflows/domain/procedures.ts';
import { classActs } from './classes.ts';
import { correspondenceActs } from './correspondence.ts';
import { disclosureActs } from './disclosures.ts';
import { objectionActs } from './objections.ts';
import { paymentActs } from './payments.ts';
import { subsidyActs } from './subsidies.ts';
import { trainingActs } from './training.ts';

export type ActContext = { trx: Trx; procedure: LockedProcedure; act: OfficeAct; flags: Flags; vault: Vault };
export type ActOfOffice = (context: ActContext) => Promise<Flags | void>;
export type ActsOfOffice = Record<string, ActOfOffice>;

export const actsOfOffice: ActsOfOffice = {
  ...classActs,
  ...correspondenceActs,
  ...disclosureActs,
  ...objectionActs,
  ...paymentActs,
  ...subsidyActs,
  ...trainingActs,
};
