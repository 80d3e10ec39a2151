import { endDisclosure } from '../db/disclosures.ts';
import { lockProcedure, writeFact } from '../db/protocol/procedures.ts';
import type { ActsOfOffice } from './acts.ts';

export const disclosureActs: ActsOfOffice = {
  /** Takes the list down and, where the case waits for the end of the period, rings it. */
  endDisclosure: async ({ trx, procedure }) => {
    const disclosure = await endDisclosure(trx, procedure.id);
    if (!disclosure.blocks) return;
    const parent = await lockProcedure(trx, disclosure.parent_procedure_id);
    if (parent.status !== 'open') return;
    await writeFact(trx, parent, { kind: 'disclosure_ended', outcome: disclosure.list }, { act: 'disclosure.end', subject: procedure.id });
  },
};
