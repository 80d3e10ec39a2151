/** The acts that a step of a procedure can perform, by name: each runs in the step's transaction and may return flags for the procedure. */
import type { Trx } from '../db/client.ts';
import type { LockedProcedure } from '../db/protocol/procedures.ts';
import type { Vault } from '../db/vault.ts';
import type { OfficeAct, OfficeActName } from '../workflows/domain/office-acts.ts';
import type { Flags } from '../workflows/domain/procedures.ts';
import { classActs } from './classes.ts';
import { correspondenceActs } from './correspondence/correspondence.ts';
import { disclosureActs } from './disclosures.ts';
import { objectionActs } from './objections.ts';
import { paymentActs } from './payments.ts';
import { subsidyActs } from './subsidies.ts';
import { trainingActs } from './training.ts';

export type ActContext<A extends OfficeActName = OfficeActName> = {
  trx: Trx;
  procedure: LockedProcedure;
  act: OfficeAct<A>;
  flags: Flags;
  vault: Vault;
};
export type ActsOfOffice = { [A in OfficeActName]: (context: ActContext<A>) => Promise<Flags | void> };
/** The acts of one noun. */
export type SomeActs = Partial<ActsOfOffice>;

export const actsOfOffice: ActsOfOffice = {
  ...classActs,
  ...correspondenceActs,
  ...disclosureActs,
  ...objectionActs,
  ...paymentActs,
  ...subsidyActs,
  ...trainingActs,
};

/** The act of this name; undefined where this program does not know it. */
export function findAct(acts: SomeActs, name: OfficeActName): ((context: ActContext) => Promise<Flags | void>) | undefined {
  return acts[name] as ((context: ActContext) => Promise<Flags | void>) | undefined;
}
