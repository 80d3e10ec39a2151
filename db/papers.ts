/** Official papers (文书): numbered, dated, signed, kept as issued. */
import { NotFoundError } from '../workflows/domain/errors.ts';
import { documentNumber } from '../workflows/domain/formats/numbers.ts';
import { businessToday } from './calendar/instant.ts';
import type { Db, Trx } from './client.ts';
import { getRegion } from './regions.ts';
import { nextSerial } from './serial-numbers.ts';

export const paperKinds = [
  'opening_review',
  'correction_notice',
  'refusal_notice',
  'disclosure_notice',
  'subsidy_roster',
  'funds_request',
  'supervision_order',
] as const;
export type PaperKind = (typeof paperKinds)[number];

export type NewPaper = {
  kind: PaperKind;
  classId?: string | null | undefined;
  procedureId: string;
  /** Distinguishes several papers of one kind in one procedure. */
  taskId?: string | undefined;
  region: string;
  signatory?: string | null | undefined;
  content: Record<string, unknown>;
};

export type PaperRow = {
  id: string;
  kind: PaperKind;
  number: string;
  class_id: string | null;
  procedure_id: string | null;
  task_id: string | null;
  region: string;
  issued_at: Date;
  signatory: string | null;
  content: Record<string, unknown>;
};

/** Issues a paper; issuing it again returns the one that exists. */
export async function issuePaper(trx: Trx, paper: NewPaper): Promise<{ id: string; number: string }> {
  const taskId = paper.taskId ?? paper.procedureId;
  const existing = await trx('papers').where({ kind: paper.kind, procedure_id: paper.procedureId, task_id: taskId }).first('id', 'number');
  if (existing) return existing;
  const year = (await businessToday(trx)).slice(0, 4);
  const { nameZh: place } = await getRegion(trx, paper.region);
  const serial = await nextSerial(trx, `paper.${paper.kind}`, `${paper.region}-${year}`);
  const [row] = await trx('papers')
    .insert({
      kind: paper.kind,
      number: documentNumber(paper.kind, place, year, serial),
      class_id: paper.classId ?? null,
      procedure_id: paper.procedureId,
      task_id: taskId,
      region: paper.region,
      issued_at: trx.raw('business_now()'),
      signatory: paper.signatory ?? null,
      content: JSON.stringify(paper.content),
    })
    .returning(['id', 'number']);
  return row;
}

export async function getPaper(
  db: Db,
  id: string,
): Promise<PaperRow & { signatory_name: string | null; region_zh: string; region_en: string }> {
  const row = await db('papers as p')
    .leftJoin('users as u', 'u.id', 'p.signatory')
    .join('regions as r', 'r.code', 'p.region')
    .where('p.id', id)
    .first('p.*', 'u.name as signatory_name', 'r.name_zh as region_zh', 'r.name_en as region_en');
  if (!row) throw new NotFoundError('paper.unknown');
  return row;
}
