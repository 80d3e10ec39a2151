/** Scores and certificates, with the answers of the register. */
import { type EnrolledLine, listEnrolled } from './training.ts';
import type { Db } from '../../client.ts';

export type ResultRow = EnrolledLine & {
  theoryScore: number | null;
  practiceScore: number | null;
  passed: boolean | null;
  certificateNumber: string | null;
  certificateDate: string | null;
  /** Answer of the certificate register, `settled` where an officer settled it. */
  check: string | null;
  filed: boolean;
};

/** Everybody who is or was enrolled, with what the assessment body entered. */
export async function listResults(db: Db, classId: string): Promise<ResultRow[]> {
  const people = await listEnrolled(db, classId);
  const { rows } = await db.raw(
    `select e.id, r.theory_score, r.practice_score, r.passed, r.certificate_number, r.certificate_date,
            case when v.settled_at is not null then 'settled' else v.result end as result, f.enrolment_id is not null as filed
       from enrolments e left join results r on r.enrolment_id = e.id
       left join verifications v on v.enrolment_id = e.id and v.register = 'certificate'
       left join filed_enrolments f on f.enrolment_id = e.id where e.class_id = ?`,
    [classId],
  );
  const found = new Map<string, Record<string, never>>(rows.map((row: { id: string }) => [row.id, row]));
  return people.map((person) => {
    const row = found.get(person.id) as Record<string, string | boolean | null> | undefined;
    const score = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));
    return {
      ...person,
      theoryScore: score(row?.['theory_score']),
      practiceScore: score(row?.['practice_score']),
      passed: (row?.['passed'] ?? null) as boolean | null,
      certificateNumber: (row?.['certificate_number'] ?? null) as string | null,
      certificateDate: (row?.['certificate_date'] ?? null) as string | null,
      check: (row?.['result'] ?? null) as string | null,
      filed: row?.['filed'] === true,
    };
  });
}
