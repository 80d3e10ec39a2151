/**
 * The list of corrections (补正清单): what may be asked for, which part of a file each point opens, and what a change touches. Everything
 * that is not on the list stays as it was approved; what was not told at once needs a reason later (一次性告知).
 */
import { type MaterialKind, materialKinds } from './material.ts';

/** Parts of a class before its training. */
const partsOfClass = [
  'plan',
  'dates',
  'venue',
  'assessor',
  'timetable',
  'teachers',
  'roster',
  'enrolment',
  'materials',
  'material_kind',
  'material',
] as const;
export const partKinds = [...partsOfClass, 'results', 'certificate', 'accounts'] as const;
export type PartKind = (typeof partKinds)[number];

/** A part that a point of the list opens. `reference`: the person, the material or the kind of material, where the part is one of several. */
export type Part = { kind: PartKind; reference?: string | undefined };

/** The parts of each stage that reviews and sends back. A stage that is not here has no list. */
export const partsOfStage: Readonly<Record<string, readonly PartKind[]>> = {
  pre_training: partsOfClass,
  filing: ['results', 'certificate'],
  subsidy: ['accounts'],
  approval: ['accounts'],
};

/** What is opened where an officer sends back with reasons alone; before the training nothing is opened unasked. */
export const wholePartOfStage: Readonly<Record<string, PartKind>> = { filing: 'results', subsidy: 'accounts', approval: 'accounts' };

const named: ReadonlySet<PartKind> = new Set(['enrolment', 'material_kind', 'material', 'certificate']);

/** `plan`, `enrolment:<id>`, `material_kind:teachers`. Undefined: no part. */
export function readPart(text: string): Part | undefined {
  const [name = '', reference, ...rest] = text.split(':');
  const kind = partKinds.find((known) => known === name);
  if (!kind || rest.length > 0 || named.has(kind) !== (reference !== undefined && reference !== '')) return undefined;
  if (kind === 'material_kind' && !materialKinds.some((known) => known === reference)) return undefined;
  return reference ? { kind, reference } : { kind };
}

export function writePart({ kind, reference }: Part): string {
  return reference ? `${kind}:${reference}` : kind;
}

/** The points of the checklist before the training: the part that each opens unless the officer names another, and the parts that it looks at. */
export const checkParts: Readonly<Record<string, { opens: Part; looksAt: readonly PartKind[] }>> = {
  plan: { opens: { kind: 'plan' }, looksAt: ['plan'] },
  dates: { opens: { kind: 'dates' }, looksAt: ['dates'] },
  assessor: { opens: { kind: 'assessor' }, looksAt: ['assessor'] },
  identity: { opens: { kind: 'roster' }, looksAt: ['roster', 'enrolment'] },
  eligibility: { opens: { kind: 'roster' }, looksAt: ['roster', 'enrolment', 'dates'] },
  group: { opens: { kind: 'roster' }, looksAt: ['roster', 'enrolment'] },
  teachers: { opens: { kind: 'teachers' }, looksAt: ['teachers', 'timetable', 'dates'] },
  venue: { opens: { kind: 'venue' }, looksAt: ['venue', 'timetable', 'dates', 'roster'] },
  hours: { opens: { kind: 'timetable' }, looksAt: ['timetable', 'dates'] },
  scope: { opens: { kind: 'material_kind', reference: 'other' }, looksAt: [] },
  amount: { opens: { kind: 'roster' }, looksAt: ['roster', 'enrolment'] },
  materials: { opens: { kind: 'materials' }, looksAt: ['materials', 'material_kind', 'material'] },
};

/** The part that a point names: its own, or that of the check at which it was marked. */
export function partOfPoint({ field, part }: { field: string; part?: string | undefined }): Part | undefined {
  return part ? readPart(part) : (readPart(field) ?? checkParts[field]?.opens);
}

/** What a change touches. `sessions`: days, hours, topics; teachers and rooms of sessions are touched by themselves. */
export type Touch =
  | { kind: 'plan' | 'dates' | 'venue' | 'assessor' | 'sessions' | 'session_teacher' | 'session_venue' | 'person_added' | 'accounts' }
  | { kind: 'enrolment' | 'scores' | 'certificate'; reference: string }
  | { kind: 'material_added'; materialKind: string }
  | { kind: 'material_taken'; materialKind: string; reference: string };

/** The parts that are open now. `materialKinds`: of the materials that were there when the file went back, by id. */
export type OpenList = { parts: readonly Part[]; materialKinds: Readonly<Record<string, string>> };

/** Whether a part on the list allows this change. Dates that move take the timetable along, another room its sessions. */
export function isOpen(list: OpenList, touch: Touch): boolean {
  return list.parts.some((part) => opens(part, touch, list.materialKinds));
}

function opens(part: Part, touch: Touch, materialKindsThen: Readonly<Record<string, string>>): boolean {
  switch (touch.kind) {
    case 'sessions':
      return part.kind === 'timetable' || part.kind === 'dates';
    case 'session_teacher':
      return part.kind === 'teachers' || part.kind === 'timetable' || part.kind === 'dates';
    case 'session_venue':
      return part.kind === 'venue' || part.kind === 'timetable' || part.kind === 'dates';
    case 'person_added':
      return part.kind === 'roster';
    case 'enrolment':
      return part.kind === 'roster' || (part.kind === 'enrolment' && part.reference === touch.reference);
    case 'scores':
      return part.kind === 'results';
    case 'certificate':
      return part.kind === 'results' || (part.kind === 'certificate' && part.reference === touch.reference);
    case 'material_added':
      return opensKind(part, touch.materialKind, materialKindsThen);
    case 'material_taken': {
      if (part.kind !== 'material') return opensKind(part, touch.materialKind, materialKindsThen);
      // What was attached in the place of the one named may be taken away again.
      const attachedSince = !Object.hasOwn(materialKindsThen, touch.reference);
      return part.reference === touch.reference || (attachedSince && opensKind(part, touch.materialKind, materialKindsThen));
    }
    default:
      return part.kind === touch.kind;
  }
}

function opensKind(part: Part, materialKind: string, materialKindsThen: Readonly<Record<string, string>>): boolean {
  if (part.kind === 'materials') return true;
  if (part.kind === 'material_kind') return part.reference === materialKind;
  return part.kind === 'material' && materialKindsThen[part.reference ?? ''] === materialKind;
}

/** Whether a part was told before, by itself or within a larger one. */
export function wasTold(told: readonly Part[], part: Part, materialKindsThen: Readonly<Record<string, string>>): boolean {
  return told.some((earlier) => {
    if (earlier.kind === part.kind && earlier.reference === part.reference) return true;
    if (part.kind === 'enrolment') return earlier.kind === 'roster';
    if (part.kind === 'certificate') return earlier.kind === 'results';
    if (part.kind === 'teachers') return earlier.kind === 'timetable';
    if (part.kind === 'material_kind') return earlier.kind === 'materials';
    if (part.kind === 'material') return opensKind(earlier, materialKindsThen[part.reference ?? ''] ?? '', materialKindsThen);
    return false;
  });
}

export type SessionThen = {
  day: string;
  half: string;
  hours: number;
  kind: string;
  topic: string;
  teacher: string;
  teacherId: string;
  venue: string;
  venueId: string;
};
/** `…Mark`: blind index or digest, so that a number is known to have changed where its mask has not. */
export type PersonThen = {
  id: string;
  seat: number;
  name: string;
  status: string;
  idMasked: string;
  idMark: string;
  phone: string;
  phoneMark: string;
  group: string;
  bank: string;
  account: string;
  accountMark: string;
};
export type MaterialThen = { id: string; kind: MaterialKind; name: string; sha256: string };
export type ResultThen = {
  id: string;
  seat: number;
  name: string;
  theoryScore: string | null;
  practiceScore: string | null;
  passed: boolean | null;
  certificateNumber: string | null;
  certificateDate: string | null;
};
/** The parts of a file as they stand at one moment: masked numbers, nothing sealed. */
export type Snapshot = {
  title: string;
  plan: string;
  startDate: string | null;
  endDate: string | null;
  venue: string | null;
  venueId: string | null;
  assessor: string | null;
  assessorId: string | null;
  sessions: SessionThen[];
  people: PersonThen[];
  materials: MaterialThen[];
  results: ResultThen[];
};

export type PersonField = 'name' | 'idNumber' | 'phone' | 'group' | 'bank' | 'account';
export type PersonChange = {
  what: 'person';
  touch: Touch;
  before?: PersonThen | undefined;
  after?: PersonThen | undefined;
  fields: PersonField[];
};
export type Change =
  | {
      what: 'field';
      touch: Touch;
      field: 'title' | 'plan' | 'startDate' | 'endDate' | 'venueId' | 'assessorId';
      before: string;
      after: string;
    }
  | { what: 'session'; touch: Touch; before?: SessionThen | undefined; after?: SessionThen | undefined }
  | PersonChange
  | { what: 'material'; touch: Touch; before?: MaterialThen | undefined; after?: MaterialThen | undefined }
  | { what: 'result'; touch: Touch; before: ResultThen; after: ResultThen };

/** Everything that is another than it was, in the order of the parts. */
export function compareSnapshots(stage: string, then: Snapshot, now: Snapshot): Change[] {
  if (stage === 'filing') return resultChanges(then, now);
  if (stage !== 'pre_training') return accountChanges(then, now);
  return [...fieldChanges(then, now), ...sessionChanges(then, now), ...personChanges(then, now), ...materialChanges(then, now)];
}

function fieldChanges(then: Snapshot, now: Snapshot): Change[] {
  const compared = [
    ['title', 'plan', then.title, now.title],
    ['plan', 'plan', then.plan, now.plan],
    ['startDate', 'dates', then.startDate, now.startDate],
    ['endDate', 'dates', then.endDate, now.endDate],
  ] as const;
  const changes = compared
    .filter(([, , before, after]) => before !== after)
    .map(([field, kind, before, after]): Change => ({ what: 'field', touch: { kind }, field, before: before ?? '', after: after ?? '' }));
  if (then.venueId !== now.venueId)
    changes.push({ what: 'field', touch: { kind: 'venue' }, field: 'venueId', before: then.venue ?? '', after: now.venue ?? '' });
  if (then.assessorId !== now.assessorId)
    changes.push({
      what: 'field',
      touch: { kind: 'assessor' },
      field: 'assessorId',
      before: then.assessor ?? '',
      after: now.assessor ?? '',
    });
  return changes;
}

type SessionKey = Pick<SessionThen, 'day' | 'half'>;
type ComparedSession = SessionKey & { hours: number; kind: string; topic: string; teacherId: string; venueId: string };

export function sessionKey({ day, half }: SessionKey): string {
  return `${day}/${half}`;
}

/** What differs between a session and the one that had its place, each with the field at which it shows. */
export function sessionTouches(
  before: ComparedSession | undefined,
  after: ComparedSession,
): { field: 'day' | 'hours' | 'kind' | 'topic' | 'teacherId' | 'venueId'; touch: Touch }[] {
  if (!before) return [{ field: 'day', touch: { kind: 'sessions' } }];
  const own = (['hours', 'kind', 'topic'] as const)
    .filter((field) => before[field] !== after[field])
    .map((field) => ({ field, touch: { kind: 'sessions' } as const }));
  return [
    ...own,
    ...(before.teacherId === after.teacherId ? [] : [{ field: 'teacherId' as const, touch: { kind: 'session_teacher' } as const }]),
    ...(before.venueId === after.venueId ? [] : [{ field: 'venueId' as const, touch: { kind: 'session_venue' } as const }]),
  ];
}

function sessionChanges(then: Snapshot, now: Snapshot): Change[] {
  const old = new Map(then.sessions.map((session) => [sessionKey(session), session]));
  const kept = new Set(now.sessions.map(sessionKey));
  const changed = now.sessions.flatMap((after): Change[] => {
    const before = old.get(sessionKey(after));
    const touch = sessionTouches(before, after)[0]?.touch;
    return touch ? [{ what: 'session', touch, before, after }] : [];
  });
  const removed = then.sessions
    .filter((session) => !kept.has(sessionKey(session)))
    .map((before): Change => ({ what: 'session', touch: { kind: 'sessions' }, before }));
  return [...changed, ...removed].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

function placeOf(change: Change): string {
  return change.what === 'session' ? sessionKey(change.after ?? change.before ?? { day: '', half: '' }) : '';
}

/** Fields of a person that are not what they were. */
export function changedFields(before: PersonThen, after: PersonThen): PersonField[] {
  const compared: [PersonField, boolean][] = [
    ['name', before.name === after.name],
    ['idNumber', before.idMark === after.idMark],
    ['phone', before.phoneMark === after.phoneMark],
    ['group', before.group === after.group],
    ['bank', before.bank === after.bank],
    ['account', before.accountMark === after.accountMark],
  ];
  return compared.filter(([, same]) => !same).map(([field]) => field);
}

/** Who came, who is another than before in which fields, and who is gone. */
export function personChanges(then: Pick<Snapshot, 'people'>, now: Pick<Snapshot, 'people'>): PersonChange[] {
  const old = new Map(then.people.map((person) => [person.id, person]));
  const kept = new Set(now.people.map((person) => person.id));
  const changed = now.people.flatMap((after): PersonChange[] => {
    const before = old.get(after.id);
    if (!before) return [{ what: 'person', touch: { kind: 'person_added' }, after, fields: [] }];
    const fields = changedFields(before, after);
    return fields.length > 0 ? [{ what: 'person', touch: { kind: 'enrolment', reference: after.id }, before, after, fields }] : [];
  });
  const removed = then.people
    .filter((person) => !kept.has(person.id))
    .map((before): PersonChange => ({ what: 'person', touch: { kind: 'enrolment', reference: before.id }, before, fields: [] }));
  return [...changed, ...removed];
}

/** A material that came and one of its kind that went are shown as a replacement. */
function materialChanges(then: Snapshot, now: Snapshot): Change[] {
  const kept = new Set(now.materials.map((material) => material.id));
  const known = new Set(then.materials.map((material) => material.id));
  const gone = then.materials.filter((material) => !kept.has(material.id));
  const came = now.materials.filter((material) => !known.has(material.id));
  const changes = came.map((after): Change => {
    const at = gone.findIndex((material) => material.kind === after.kind);
    const before = at >= 0 ? gone.splice(at, 1)[0] : undefined;
    const touch: Touch = before
      ? { kind: 'material_taken', materialKind: before.kind, reference: before.id }
      : { kind: 'material_added', materialKind: after.kind };
    return { what: 'material', touch, before, after };
  });
  return [
    ...changes,
    ...gone.map(
      (before): Change => ({
        what: 'material',
        touch: { kind: 'material_taken', materialKind: before.kind, reference: before.id },
        before,
      }),
    ),
  ];
}

/** What of a result is another than it was: the scores with the outcome, or only the certificate. */
export function resultTouches(before: Omit<ResultThen, 'seat' | 'name'>, after: Omit<ResultThen, 'seat' | 'name'>): Touch[] {
  const reference = after.id;
  const scores = before.theoryScore !== after.theoryScore || before.practiceScore !== after.practiceScore || before.passed !== after.passed;
  const certificate = before.certificateNumber !== after.certificateNumber || before.certificateDate !== after.certificateDate;
  return [
    ...(scores ? [{ kind: 'scores' as const, reference }] : []),
    ...(certificate ? [{ kind: 'certificate' as const, reference }] : []),
  ];
}

function resultChanges(then: Snapshot, now: Snapshot): Change[] {
  const old = new Map(then.results.map((result) => [result.id, result]));
  return now.results.flatMap((after): Change[] => {
    const before = old.get(after.id);
    const touch = before ? resultTouches(before, after)[0] : undefined;
    return before && touch ? [{ what: 'result', touch, before, after }] : [];
  });
}

function accountChanges(then: Snapshot, now: Snapshot): Change[] {
  const old = new Map(then.people.map((person) => [person.id, person]));
  return now.people.flatMap((after): Change[] => {
    const before = old.get(after.id);
    const fields = before ? changedFields(before, after).filter((field) => field === 'account' || field === 'bank') : [];
    return before && fields.length > 0 ? [{ what: 'person', touch: { kind: 'accounts' }, before, after, fields }] : [];
  });
}
