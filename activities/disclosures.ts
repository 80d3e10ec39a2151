import { endDisclosure } from '../db/disclosures.ts';
import { tellProcedure } from '../db/protocol/life.ts';
import type { SomeActs } from './acts.ts';

export const disclosureActs = {
  /** Takes the list down and, where the case waits for the end of the period, rings it. */
  endDisclosure: async ({ trx, procedure }) => {
    const disclosure = await endDisclosure(trx, procedure.id);
    if (!disclosure.blocks) return;
    const fact = { kind: 'disclosure_ended', outcome: disclosure.list } as const;
    await tellProcedure(trx, disclosure.parent_procedure_id, fact, { act: 'disclosure.end', subject: procedure.id });
  },
} satisfies SomeActs;
