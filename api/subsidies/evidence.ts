/** What officers see beside the form of a decision on a claim: amounts with their sources, what is left of the budget, how the lines stand. */
import { findApplicationOf, findAvailable, listBatchesOf, listLines } from '../../db/views/subsidies.ts';
import type { Evidence, EvidenceContext } from '../tasks/evidence.ts';
import { lineView } from './lines.ts';

export const claimEvidence: Evidence = {
  kind: 'claim',
  evidence: 'subsidies/evidence',
  below: 'subsidies/evidence-lines',
  load: loadClaim,
};

async function loadClaim({ db, task, procedure, t, locale }: EvidenceContext): Promise<Record<string, unknown>> {
  const application = await findApplicationOf(db, procedure.id);
  if (!application) return {};
  const [rows, availableFen, batches] = await Promise.all([
    listLines(db, application.id),
    findAvailable(db, application),
    listBatchesOf(db, application.id),
  ]);
  const lines = rows.map((line) => lineView(line, t, locale));
  const counted = lines.filter((line) => line.status !== 'excluded');
  const payable = lines.filter((line) => line.status === 'approved' && !line.held);
  const sum = (some: typeof lines): number => some.reduce((fen, line) => fen + line.amountFen, 0);
  const confirming = task.kind === 'funds' && application.approved_fen !== null;
  const making = task.kind === 'batch_make';
  return {
    number: application.number,
    classNumber: application.class_number,
    packId: application.pack_id,
    fund: application.fund,
    year: application.year,
    totalFen: application.total_fen,
    approvedFen: application.approved_fen,
    countedFen: sum(counted),
    people: counted.length,
    excluded: lines.length - counted.length,
    held: lines.filter((line) => line.held).length,
    unsourced: lines.some((line) => line.unsourced),
    lines: making ? payable : lines,
    showStatus: true,
    showAccount: making,
    shownFen: making ? sum(payable) : sum(counted),
    // Before the commitment the budget decides; afterwards the money is set aside.
    availableFen: application.approved_fen === null ? availableFen : undefined,
    // The approval has set the money of the claim aside: what is left is left with it.
    budget: confirming
      ? {
          region: application.region,
          regionName: locale === 'en' ? application.region_en : application.region_zh,
          beforeFen: availableFen + sum(counted),
          afterFen: availableFen,
        }
      : undefined,
    short: application.approved_fen === null && availableFen < sum(counted),
    payable: making ? { count: payable.length, totalFen: sum(payable) } : undefined,
    batches,
  };
}
