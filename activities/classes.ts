/** Acts of the office on a class. */
import { getPolicyPack } from '../db/catalogue/policy-packs.ts';
import { getClassById, setClassStatus } from '../db/classes/classes.ts';
import { cancelChanges } from '../db/training/settled-changes.ts';
import { listCheckMarks } from '../db/views/classes/check-marks.ts';
import { issuePaper } from '../db/papers.ts';
import { tell } from '../db/correspondence/tell.ts';
import { listReviewsForPaper } from '../db/views/classes/class-reviews.ts';
import { checkParts } from '../workflows/domain/classes/correction.ts';
import type { SomeActs } from './acts.ts';
import { issueRefusalNotice } from './correspondence/institution-notices.ts';

export const classActs = {
  setClassStatus: async ({ trx, procedure, act }) => setClassStatus(trx, procedure.subject_id, act.code),

  /** The review is passed: 开班审核表 with the reviewers' names, and the institution publishes the plan. */
  approveClass: async (context) => {
    const { trx, procedure } = context;
    await setClassStatus(trx, procedure.subject_id, 'publishing');
    const row = await getClassById(trx, procedure.subject_id);
    const reviews = await listReviewsForPaper(trx, procedure.id, 'pre_training');
    const checked = await listCheckMarks(trx, procedure.id, 'pre_training');
    await issuePaper(trx, {
      kind: 'opening_review',
      classId: row.id,
      procedureId: procedure.id,
      region: procedure.region,
      signatory: reviews.at(-1)?.userId,
      content: {
        number: row.number,
        title: row.title,
        institution: procedure.institution_name,
        startDate: row.start_date,
        endDate: row.end_date,
        headcount: procedure.headcount,
        amountFen: procedure.amount_fen,
        pack: (await getPolicyPack(trx, row.pack_id)).name,
        reviews: reviews.map(({ step, name, at, outcome, reason }) => ({ step, name, at, outcome, reason })),
        checked: checked.filter(({ point }) => Object.hasOwn(checkParts, point)),
      },
    });
    await tell(trx, 'class.approved', { procedure, key: procedure.id });
  },

  /** The last step: the class takes the outcome of its procedure; a refusal goes out as a notice, of its claim with the claim. */
  closeClass: async ({ trx, procedure, act }) => {
    await setClassStatus(trx, procedure.subject_id, act.code);
    await cancelChanges(trx, procedure);
    if (act.code === 'refused') await issueRefusalNotice(trx, procedure);
    await tell(trx, `class.${act.code}`, { procedure, key: procedure.id });
  },
} satisfies SomeActs;
