/** Acts of the office on a subsidy application. */
import { tell } from '../db/correspondence/tell.ts';
import { listRoster } from '../db/roster/roster.ts';
import { issuePaper } from '../db/papers.ts';
import { closeApplication, countLines, getApplicationOf, listCommittedLines, setApplicationStatus } from '../db/money/subsidies.ts';
import { jointPartOf } from '../workflows/domain/signing.ts';
import { listReviewSignatures } from '../db/views/classes/class-reviews.ts';
import type { SomeActs } from './acts.ts';
import { issueRefusalNotice } from './correspondence/institution-notices.ts';

export const subsidyActs = {
  setApplicationStatus: async ({ trx, procedure, act }) => setApplicationStatus(trx, procedure.id, act.code),

  /** Approved: the roster of the subsidy (补贴花名册) and the request for funds (用款申请) go out with number, date and signatory. */
  approveApplication: async ({ trx, procedure }) => {
    await setApplicationStatus(trx, procedure.id, 'approved');
    const application = await getApplicationOf(trx, procedure.id);
    const signatures = await listReviewSignatures(trx, procedure.id, 'approval');
    // Who signed beside the approver stands in the record of the reviews.
    const signatory = signatures.findLast(({ step }) => !['all', 'added'].includes(jointPartOf(step) ?? ''))?.userId;
    const amounts = new Map((await listCommittedLines(trx, application.id)).map((line) => [line.enrolment_id, line]));
    const people = (await listRoster(trx, application.class_id)).filter((line) => amounts.has(line.id));
    const content = {
      number: application.number,
      title: procedure.subject_title,
      institution: procedure.institution_name,
      fund: application.fund,
      year: application.year,
      totalFen: application.approved_fen,
    };
    await issuePaper(trx, {
      kind: 'subsidy_roster',
      classId: application.class_id,
      procedureId: procedure.id,
      region: procedure.region,
      signatory,
      content: {
        ...content,
        people: people.map((line) => ({
          seat: line.seat,
          name: line.name,
          id: line.id_masked,
          account: line.account_masked,
          amountFen: amounts.get(line.id)?.amount_fen,
          standardFen: amounts.get(line.id)?.standard_fen,
          percent: Number(amounts.get(line.id)?.percent),
        })),
      },
    });
    await issuePaper(trx, {
      kind: 'funds_request',
      classId: application.class_id,
      procedureId: procedure.id,
      region: procedure.region,
      signatory,
      content: { ...content, headcount: people.length },
    });
    await tell(trx, 'application.approved', { procedure, key: procedure.id });
  },

  countLines: async ({ trx, procedure }) => countLines(trx, procedure),
  closeApplication: async ({ trx, procedure, act }) => {
    if (act.code === 'refused') await issueRefusalNotice(trx, procedure);
    await closeApplication(trx, procedure, act.code);
  },
} satisfies SomeActs;
