/** A class as it stands at one moment, part by part, for the comparison of what was returned with what came back. */
import type { MaterialThen, PersonThen, ResultThen, SessionThen, Snapshot } from '../../workflows/domain/classes/correction.ts';
import type { Db } from '../client.ts';

type PlanRow = Pick<Snapshot, 'title' | 'plan' | 'startDate' | 'endDate' | 'venue' | 'venueId' | 'assessor' | 'assessorId'>;

/** Names and masked numbers as the roster shows them; of numbers besides only their blind indexes. */
export async function readSnapshot(db: Db, classId: string): Promise<Snapshot> {
  const plan = await db.raw<{ rows: PlanRow[] }>(
    `select c.title, c.plan, c.start_date as "startDate", c.end_date as "endDate", v.name as venue, c.venue_id as "venueId",
            a.name as assessor, c.assessor_id as "assessorId"
       from classes c left join venues v on v.id = c.venue_id left join institutions a on a.id = c.assessor_id where c.id = ?`,
    [classId],
  );
  const sessions = await db.raw<{ rows: SessionThen[] }>(
    `select s.day, s.half, s.hours, s.kind, s.topic, t.name as teacher, s.teacher_id as "teacherId", v.name as venue, s.venue_id as "venueId"
       from class_sessions s join teachers t on t.id = s.teacher_id join venues v on v.id = s.venue_id where s.class_id = ? 
      order by s.day, array_position(array['morning', 'afternoon', 'evening'], s.half)`,
    [classId],
  );
  const people = await db.raw<{ rows: PersonThen[] }>(
    `select e.id, e.seat, p.name, e.status, p.id_masked as "idMasked", encode(p.id_index, 'hex') as "idMark", e.phone_masked as phone,
            encode(e.phone_index, 'hex') as "phoneMark", e.group_code as "group", e.bank_name as bank, e.account_masked as account,
            encode(e.account_index, 'hex') as "accountMark"
       from enrolments e join people p on p.id = e.person_id where e.class_id = ? order by e.seat`,
    [classId],
  );
  const materials = await db.raw<{ rows: MaterialThen[] }>(
    `select id, kind, name, encode(sha256, 'hex') as sha256 from class_materials where class_id = ? and removed_at is null order by uploaded_at, id`,
    [classId],
  );
  const results = await db.raw<{ rows: ResultThen[] }>(
    `select e.id, e.seat, p.name, r.theory_score as "theoryScore", r.practice_score as "practiceScore", r.passed,
            r.certificate_number as "certificateNumber", r.certificate_date as "certificateDate"
       from results r join enrolments e on e.id = r.enrolment_id join people p on p.id = e.person_id where r.class_id = ? order by e.seat`,
    [classId],
  );
  const row = plan.rows[0] ?? {
    title: '',
    plan: '',
    startDate: null,
    endDate: null,
    venue: null,
    venueId: null,
    assessor: null,
    assessorId: null,
  };
  return { ...row, sessions: sessions.rows, people: people.rows, materials: materials.rows, results: results.rows };
}
