/**
 * Who may do what with a task in which state: the one table that routes, pages, bulk acts and the README ask. What is not in it does not exist.
 * Four eyes stand beside it: whoever signed another step of the same matter is refused every act that takes part in a decision, and so is a substitute
 * whose principal did. A task that was taken for a principal is decided for that principal or, once the substitution is over, not by this holder.
 */
import type { ProcedureType } from './procedures.ts';
import { capacitiesFor, hasRole, hasRoleAbove, mayDecide, maySee, type Scope } from './scope.ts';
import { signingRoles } from './signing.ts';
import { isOutsideRole, type TaskStatus } from './tasks.ts';

export const taskActs = [
  'claim',
  'release',
  'decide',
  'delegate',
  'opine',
  'recall',
  'add_signer',
  'recall_signer',
  'suspend',
  'resume',
  'take_back',
  'reassign',
  'urge',
  'prioritise',
  'escalate',
] as const;
export type TaskAct = (typeof taskActs)[number];

/** States in which somebody may do something. `delegated`: held, and a colleague has been asked for an opinion. */
export const livingStates = ['free', 'held', 'delegated', 'suspended', 'decided'] as const;
export type LivingState = (typeof livingStates)[number];
export type TaskState = LivingState | Exclude<TaskStatus, 'open' | 'decided'>;

/**
 * `holder` has claimed it, for themselves or for a principal. `counterpart`: whose substitute or whose principal has it. `queue` holds the role in its
 * office, or substitutes there, and has not claimed it. `delegate` was asked for an opinion. `supervisor` supervises its office.
 * `decider` decided it, or it was decided for them. `adder` asked for this signature beside the own one (加签). `applicant` belongs to the institution whose task it is. Administrators, auditors and everybody else stand in no relation: they do nothing.
 */
export const taskRelations = ['decider', 'adder', 'holder', 'counterpart', 'delegate', 'queue', 'supervisor', 'applicant'] as const;
export type TaskRelation = (typeof taskRelations)[number];

/** `yes`; `already`: asked for what is so, nothing changes; or why not, as a code of the errors. */
export type TaskVerdict = 'yes' | 'already' | TaskRefusal;
export type TaskRefusal =
  | 'signer.notAdder'
  | 'supervision.notYours'
  | 'supervision.outside'
  | 'substitution.over'
  | 'task.cancelled'
  | 'task.claimed'
  | 'task.decided'
  | 'task.delegated'
  | 'task.expired'
  | 'task.fourEyes'
  | 'task.fourEyesPrincipal'
  | 'task.notAsked'
  | 'task.notDecided'
  | 'task.notDelegated'
  | 'task.notHeld'
  | 'task.notSuspended'
  | 'task.notYours'
  | 'task.ofInstitution'
  | 'task.suspended';

/** One verdict for each living state; a holder, counterpart or delegate does not exist while the task is free. */
type Row = Readonly<Record<LivingState, TaskVerdict>>;
type Rows = Readonly<Partial<Record<TaskRelation, Row>>>;

function row(
  free: TaskVerdict,
  held: TaskVerdict,
  delegated: TaskVerdict,
  suspended: TaskVerdict,
  decided: TaskVerdict = 'task.decided',
): Row {
  return { free, held, delegated, suspended, decided };
}

function undecided(decided: TaskVerdict): Row {
  return row('task.notDecided', 'task.notDecided', 'task.notDecided', 'task.notDecided', decided);
}

const always = row('yes', 'yes', 'yes', 'yes');
const othersWork = row('task.notHeld', 'task.claimed', 'task.claimed', 'task.suspended');
const ofAnother = row('already', 'task.claimed', 'task.claimed', 'task.suspended');
const notAdder = row('signer.notAdder', 'signer.notAdder', 'signer.notAdder', 'signer.notAdder');
const notAsked = row('task.notAsked', 'task.notAsked', 'task.notAsked', 'task.notAsked');

/** Tasks of an office. */
const ofOffice = {
  claim: {
    holder: row('yes', 'already', 'already', 'task.suspended'),
    // Takes it over, or back; while a colleague is asked, the question is recalled first.
    counterpart: row('yes', 'yes', 'task.delegated', 'task.suspended'),
    queue: row('yes', 'task.claimed', 'task.claimed', 'task.suspended'),
  },
  release: {
    holder: row('already', 'yes', 'task.delegated', 'task.suspended'),
    counterpart: ofAnother,
    queue: ofAnother,
  },
  decide: {
    holder: row('yes', 'yes', 'task.delegated', 'task.suspended'),
    counterpart: row('yes', 'task.claimed', 'task.claimed', 'task.suspended'),
    queue: row('yes', 'task.claimed', 'task.claimed', 'task.suspended'),
  },
  delegate: {
    holder: row('task.notHeld', 'yes', 'task.delegated', 'task.suspended'),
    counterpart: othersWork,
    queue: othersWork,
  },
  opine: {
    holder: notAsked,
    counterpart: notAsked,
    delegate: row('task.notAsked', 'task.notAsked', 'yes', 'task.notAsked'),
    queue: notAsked,
  },
  recall: {
    holder: row('task.notDelegated', 'task.notDelegated', 'yes', 'task.notDelegated'),
    counterpart: row('task.notDelegated', 'task.notDelegated', 'yes', 'task.notDelegated'),
    queue: row('task.notDelegated', 'task.claimed', 'task.claimed', 'task.notDelegated'),
    supervisor: row('task.notDelegated', 'task.notDelegated', 'yes', 'task.notDelegated'),
  },
  add_signer: {
    holder: row('task.notHeld', 'yes', 'task.delegated', 'task.suspended'),
    counterpart: othersWork,
    queue: othersWork,
  },
  // Until it is signed, whoever has it.
  recall_signer: { adder: always, holder: notAdder, counterpart: notAdder, queue: notAdder },
  suspend: {
    holder: row('yes', 'yes', 'task.delegated', 'task.suspended'),
    counterpart: othersWork,
    queue: othersWork,
    supervisor: row('yes', 'yes', 'task.delegated', 'task.suspended'),
  },
  resume: {
    holder: row('task.notSuspended', 'task.notSuspended', 'task.notSuspended', 'yes'),
    counterpart: row('task.notSuspended', 'task.notSuspended', 'task.notSuspended', 'yes'),
    queue: row('task.notSuspended', 'task.claimed', 'task.claimed', 'task.suspended'),
    supervisor: row('task.notSuspended', 'task.notSuspended', 'task.notSuspended', 'yes'),
  },
  // What follows must be unread; the protocol looks at that.
  take_back: {
    decider: undecided('yes'),
    holder: undecided('task.decided'),
    counterpart: undecided('task.decided'),
    queue: undecided('task.decided'),
  },
  // Ends what a colleague was asked.
  reassign: { supervisor: row('yes', 'yes', 'yes', 'task.suspended') },
  urge: { supervisor: always },
  // Marks it as pressing (加急), or takes the mark off.
  prioritise: { supervisor: always },
  escalate: { supervisor: always },
} as const satisfies Record<TaskAct, Rows>;

const ofInstitution = row('task.ofInstitution', 'task.ofInstitution', 'task.ofInstitution', 'task.ofInstitution');
const outside = row('supervision.outside', 'supervision.outside', 'supervision.outside', 'supervision.outside');

/** Tasks of an institution: its people decide them and supervisors press for them; nobody claims them or hands them on. */
const ofOutside = {
  claim: { applicant: ofInstitution },
  release: { applicant: ofInstitution },
  decide: { applicant: always },
  delegate: { applicant: ofInstitution },
  opine: { applicant: ofInstitution },
  recall: { applicant: ofInstitution, supervisor: outside },
  add_signer: { applicant: ofInstitution },
  recall_signer: { applicant: ofInstitution },
  suspend: { applicant: ofInstitution, supervisor: outside },
  resume: { applicant: ofInstitution, supervisor: outside },
  take_back: {
    applicant: row('task.ofInstitution', 'task.ofInstitution', 'task.ofInstitution', 'task.ofInstitution', 'task.ofInstitution'),
  },
  reassign: { supervisor: outside },
  urge: { supervisor: always },
  prioritise: { supervisor: outside },
  escalate: { supervisor: always },
} as const satisfies Record<TaskAct, Rows>;

/** Waits of the clock are nobody's: a supervisor is told so, others learn nothing of them. */
const waits = {
  reassign: { supervisor: outside },
  urge: { supervisor: outside },
  prioritise: { supervisor: outside },
  escalate: { supervisor: outside },
};

/** Acts that a supervisor alone can do, for the words of the refusal. */
const supervising: readonly TaskAct[] = ['reassign', 'urge', 'prioritise', 'escalate'];
/** Acts that take part in a decision. Giving back, suspending and pressing decide nothing. */
const signing: readonly TaskAct[] = ['claim', 'decide', 'delegate', 'opine', 'add_signer'];

export type TaskFacts = {
  status: TaskStatus;
  role: string;
  office: string;
  office_path: string;
  institution_id: string | null;
  claimed_by: string | null;
  /** The principal for whom its holder has it. */
  claimed_for: string | null;
  decided_by: string | null;
  /** The principal for whom it was decided. */
  decided_for: string | null;
  delegated_to: string | null;
  suspended_at: Date | string | null;
  /** Who asked for this signature beside the own one. */
  added_by: string | null;
};
export type TaskActor = Scope & { userId: string };

export function taskStateOf(task: Pick<TaskFacts, 'status' | 'claimed_by' | 'delegated_to' | 'suspended_at'>): TaskState {
  if (task.status !== 'open') return task.status;
  if (task.suspended_at !== null) return 'suspended';
  if (task.delegated_to !== null) return 'delegated';
  return task.claimed_by === null ? 'free' : 'held';
}

/** Matters of the office that are about an institution: an objection is for the office alone, and so are its own account and payment officers. */
const withinOffice: readonly ProcedureType[] = ['objection', 'subsidyPayment'];

/** Whether somebody reads a task at all. To everybody else it is as unknown as one that does not exist, whatever they ask of it. */
export function maySeeTask(
  actor: Scope,
  task: Pick<TaskFacts, 'role' | 'office' | 'institution_id'> & { joint: string | null },
  procedure: { type: ProcedureType; region_path: string; institution_id: string | null },
): boolean {
  // Whom a holder asked to sign as well is not for institutions.
  if (actor.institutionId !== undefined && task.joint === 'added') return false;
  const institutionIds = withinOffice.includes(procedure.type) ? [] : [procedure.institution_id, task.institution_id];
  return (
    maySee(actor, { regionPath: procedure.region_path, institutionIds }) ||
    mayDecide(actor, { role: task.role, office: task.office, institutionId: task.institution_id })
  );
}

/** Supervises the office of the task. Nobody does so over the institution that they belong to (回避). */
export function maySupervise(actor: Scope, task: Pick<TaskFacts, 'office_path' | 'institution_id'>): boolean {
  const own = actor.institutionId !== undefined && actor.institutionId === task.institution_id;
  return !own && hasRoleAbove(actor, task.office_path, 'supervisor');
}

/** A person may stand in several: a holder who supervises the office as well. */
export function relationsOf(actor: TaskActor, task: TaskFacts): TaskRelation[] {
  const relations: TaskRelation[] = [];
  if (mayDecide(actor, { role: task.role, office: task.office, institutionId: task.institution_id })) {
    if (task.status === 'decided' && [task.decided_by, task.decided_for].includes(actor.userId) && !isOutsideRole(task.role))
      relations.push('decider');
    if (isOutsideRole(task.role)) relations.push('applicant');
    else if (task.claimed_by === actor.userId) relations.push('holder');
    else {
      if (task.delegated_to === actor.userId) relations.push('delegate');
      relations.push(task.claimed_by !== null && capacitiesFor(actor, task).length > 0 ? 'counterpart' : 'queue');
    }
  }
  if (task.added_by === actor.userId && hasRole(actor, ...signingRoles)) relations.push('adder');
  if (maySupervise(actor, task)) relations.push('supervisor');
  return relations;
}

/** Who signed another step within the four-eyes scopes of the task: the person, or every principal for whom the person could work on it. */
export type SignedElsewhere = { self: boolean; principal: boolean };

/** The verdict on an act. */
export function judgeTaskAct(
  act: TaskAct,
  actor: TaskActor,
  task: TaskFacts,
  signedElsewhere: SignedElsewhere = { self: false, principal: false },
): TaskVerdict {
  const rows: Partial<Record<TaskAct, Rows>> = task.role === 'clock' ? waits : isOutsideRole(task.role) ? ofOutside : ofOffice;
  const standing = relationsOf(actor, task).flatMap((relation) => rows[act]?.[relation] ?? []);
  if (standing.length === 0) return supervising.includes(act) ? 'supervision.notYours' : 'task.notYours';
  const state = taskStateOf(task);
  if (!isLiving(state)) return `task.${state}`;
  const verdicts = standing.map((one) => one[state]);
  const verdict = verdicts.find((one) => one === 'yes') ?? verdicts.find((one) => one === 'already') ?? verdicts[0] ?? 'task.notYours';
  return (verdict === 'yes' && signing.includes(act) && obstacleToSigning(act, actor, task, signedElsewhere)) || verdict;
}

function obstacleToSigning(act: TaskAct, actor: TaskActor, task: TaskFacts, { self, principal }: SignedElsewhere): TaskRefusal | undefined {
  if (self) return 'task.fourEyes';
  // An opinion is given in the own name.
  if (act === 'opine') return undefined;
  if (principal) return 'task.fourEyesPrincipal';
  return task.claimed_by === actor.userId && capacitiesFor(actor, task).length === 0 ? 'substitution.over' : undefined;
}

function isLiving(state: TaskState): state is LivingState {
  return (livingStates as readonly string[]).includes(state);
}

/** The table as the README prints it: an act of a relation in each living state. */
export function taskActTable(): { side: 'office' | 'institution'; act: TaskAct; relation: TaskRelation; row: Row }[] {
  const list = (side: 'office' | 'institution', table: Record<TaskAct, Rows>) =>
    taskActs.flatMap((act) =>
      taskRelations.flatMap((relation) => {
        const found = table[act][relation];
        return found ? [{ side, act, relation, row: found }] : [];
      }),
    );
  return [...list('office', ofOffice), ...list('institution', ofOutside)];
}
