/** What a reviewer sees of the corrections of a stage: the answers beside old and new, marks of earlier rounds, and rows for what else is to be told at once. */
import type { Knex } from 'knex';
import { readSnapshot } from '../../db/classes/correction-snapshots.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { type CheckMark, listCheckMarks } from '../../db/views/classes/check-marks.ts';
import { findCorrection, listFoundInOrder } from '../../db/classes/corrections.ts';
import type { ProcedureRow } from '../../db/protocol/procedures.ts';
import { stageOf } from '../../workflows/domain/tasks.ts';
import { checkParts, partsOfStage } from '../../workflows/domain/classes/correction.ts';
import type { Translate } from '../pages/i18n.ts';
import { changesByItem, itemJson, itemView, type PartOption, partOptions, type Speech } from './page.ts';

type Reviewed = Speech & {
  db: Knex;
  actor: Pick<Actor, 'institutionId'>;
  task: { kind: string; step: string; outcomes: readonly string[]; status: string };
  procedure: Pick<ProcedureRow, 'id' | 'class_id'>;
};

const EXTRA_ROWS = 6;

/** The list that came back, and whether more may be asked. Undefined for tasks that are no review with a list. */
export async function loadCorrectionReview({ db, actor, task, procedure, ...speech }: Reviewed) {
  const stage = stageOf(task.step);
  const kinds = partsOfStage[stage];
  if (task.kind !== 'review' || !kinds || !procedure.class_id) return undefined;
  const [correction, now, signed] = await Promise.all([
    findCorrection(db, procedure.id, stage),
    readSnapshot(db, procedure.class_id),
    marksFor(db, actor, procedure.id, stage),
  ]);
  const mayReturn = task.status === 'open' && task.outcomes.includes('return');
  const offset = stage === 'pre_training' ? Object.keys(checkParts).length : 0;
  const compared = correction && changesByItem(correction, now, speech);
  return {
    list: correction && {
      round: correction.round,
      name: correction.returned_by,
      at: correction.returned_at,
      items: correction.items.map((item) => ({
        ...itemView(item, correction.snapshot, speech),
        changes: compared?.byItem.get(item.id) ?? [],
        judgeable: item.status === 'answered',
        seen: seenAt(signed, item.id, speech.t),
      })),
      others: compared?.others ?? [],
    },
    extra: mayReturn
      ? {
          late: correction !== undefined,
          options: partOptions(kinds, now, speech.t),
          rows: Array.from({ length: EXTRA_ROWS }, (_, at) => ({ at: offset + at })),
        }
      : undefined,
    json: correction && {
      round: correction.round,
      items: correction.items.map((item) => ({ ...itemJson(item), changes: compared?.byItem.get(item.id) ?? [] })),
    },
  };
}
export type CorrectionReview = NonNullable<Awaited<ReturnType<typeof loadCorrectionReview>>>;

/** The parts among which an officer chooses at a point of the checklist; one alone needs no choice. */
const choices: Readonly<Record<string, readonly (keyof typeof partChoices)[]>> = {
  identity: ['people'],
  eligibility: ['people'],
  group: ['people', 'group'],
  amount: ['people'],
  teachers: ['teachers'],
  venue: ['venue'],
  hours: ['hours'],
  materials: ['materials'],
};
const partChoices = {
  people: ['roster', 'enrolment'],
  group: ['material_kind'],
  teachers: ['teachers', 'timetable', 'dates'],
  venue: ['venue', 'timetable', 'dates'],
  hours: ['timetable', 'dates'],
  materials: ['materials', 'material_kind', 'material'],
} as const;

/** Who looked at what is for the office. */
async function marksFor(db: Knex, actor: Pick<Actor, 'institutionId'>, procedureId: string, stage: string): Promise<CheckMark[]> {
  return actor.institutionId === undefined ? listCheckMarks(db, procedureId, stage) : [];
}

/** Who of those that signed before found a point in order: «陈志明 已核». Nobody's mark is anybody else's. */
function seenAt(signed: readonly CheckMark[], point: string, t: Translate) {
  return signed.filter((mark) => mark.point === point).map(({ name, at }) => ({ words: t('corrections.seen', { name }), at }));
}

export type CheckPoint = { parts: PartOption[]; mark: '' | 'pass'; markWords: string; late: boolean; seen: ReturnType<typeof seenAt> };

/** For each point of the checklist: what it may open, who signed before and found it in order, and the mark that stands from an earlier round because nothing that it looks at was opened. */
export async function loadCheckPoints({ db, actor, task, procedure, t }: Reviewed): Promise<(field: string) => CheckPoint> {
  const stage = stageOf(task.step);
  const [correction, now, found, signed] = await Promise.all([
    findCorrection(db, procedure.id, stage),
    readSnapshot(db, procedure.class_id ?? ''),
    listFoundInOrder(db, procedure.id, stage),
    marksFor(db, actor, procedure.id, stage),
  ]);
  return (field) => {
    const parts = partOptions(
      (choices[field] ?? []).flatMap((choice) => partChoices[choice]),
      now,
      t,
    );
    const seen = seenAt(signed, field, t);
    if (!correction) return { parts, mark: '', markWords: '', late: false, seen };
    const looksAt = checkParts[field]?.looksAt ?? [];
    const touched = correction.items.some((item) => item.field === field || looksAt.includes(item.part));
    const earlier = found.get(field);
    const words = earlier
      ? t('corrections.inOrder', { round: earlier.round, name: earlier.name })
      : t('corrections.notAsked', { round: correction.round, name: correction.returned_by });
    return { parts, mark: touched ? '' : 'pass', markWords: touched ? '' : words, late: true, seen };
  };
}
