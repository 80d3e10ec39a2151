/** What the public will see of a class: computed from the record, masked here, then frozen in the disclosure. */
import { maskName } from '../../workflows/domain/people/identity.ts';
import type { Db } from '../client.ts';
import type { DisclosureList, DisclosureSnapshot } from '../disclosures.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';

type ClassFacts = {
  number: string;
  title: string;
  institution: string;
  project: string;
  department: string;
  fund: string;
  start_date: string | null;
  end_date: string | null;
  venue: string | null;
  sessions: number;
  hours: number;
  pack_id: string;
};
type PersonFacts = {
  seat: number;
  name: string;
  id_masked: string;
  group_code: string;
  status: string;
  passed: boolean | null;
  amount_fen: number | null;
  line_status: string | null;
};

/** The snapshot of one list: plan (trainees and plan), conduct, result, subsidy (claimed amounts), payment (what was paid). */
export async function disclosureSnapshot(db: Db, classId: string, list: DisclosureList): Promise<DisclosureSnapshot> {
  const facts = await classFacts(db, classId);
  const people = (await personFacts(db, classId)).filter((person) => shows(list, person));
  const withMoney = list === 'subsidy' || list === 'payment';
  return {
    classNumber: facts.number,
    classTitle: facts.title,
    institution: facts.institution,
    project: facts.project,
    startDate: facts.start_date,
    endDate: facts.end_date,
    department: facts.department,
    facts: [
      { key: 'sessions', value: facts.sessions },
      { key: 'hours', value: facts.hours },
      { key: 'venue', value: facts.venue ?? '' },
      { key: 'fund', value: facts.fund },
      { key: 'pack', value: facts.pack_id },
      { key: 'headcount', value: people.length },
    ],
    people: people.map((person) => ({
      seat: person.seat,
      name: maskName(person.name),
      id: person.id_masked,
      ...(list === 'plan' ? { group: person.group_code } : {}),
      ...(list === 'result' ? { result: person.passed ? 'passed' : 'failed' } : {}),
      ...(withMoney ? { amountFen: person.amount_fen ?? 0 } : {}),
      ...(list === 'payment' ? { status: person.line_status ?? '' } : {}),
    })),
    ...(withMoney ? { totalFen: people.reduce((sum, person) => sum + (person.amount_fen ?? 0), 0) } : {}),
  };
}

function shows(list: DisclosureList, person: PersonFacts): boolean {
  if (list === 'subsidy') return person.amount_fen !== null && person.line_status !== 'excluded';
  if (list === 'payment') return person.line_status === 'paid';
  if (list === 'result') return person.status === 'enrolled' && person.passed !== null;
  return person.status === 'enrolled';
}

async function classFacts(db: Db, classId: string): Promise<ClassFacts> {
  const row = await db('classes as c')
    .join('institutions as i', 'i.id', 'c.institution_id')
    .join('catalogue_projects as p', 'p.id', 'c.project_id')
    .leftJoin('venues as v', 'v.id', 'c.venue_id')
    .where('c.id', classId)
    .first(
      'c.number',
      'c.title',
      'c.start_date',
      'c.end_date',
      'c.pack_id',
      'i.name as institution',
      'p.name as project',
      'p.department',
      'p.fund',
      'v.name as venue',
      db.raw('(select count(*)::int from class_sessions s where s.class_id = c.id) as sessions'),
      db.raw('(select coalesce(sum(hours), 0)::int from class_sessions s where s.class_id = c.id) as hours'),
    );
  if (!row) throw new NotFoundError('class.unknown');
  return row;
}

async function personFacts(db: Db, classId: string): Promise<PersonFacts[]> {
  return db('enrolments as e')
    .join('people as p', 'p.id', 'e.person_id')
    .leftJoin('results as r', 'r.enrolment_id', 'e.id')
    .leftJoin('payment_lines as l', 'l.enrolment_id', 'e.id')
    .where('e.class_id', classId)
    .orderBy('e.seat')
    .select('e.seat', 'p.name', 'p.id_masked', 'e.group_code', 'e.status', 'r.passed', 'l.amount_fen', 'l.status as line_status');
}
