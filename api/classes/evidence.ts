/** Evidence of a review before the training (N14): plan, timetable, teachers, venue and roster, with what the machine has checked at each point. */
import { type ClassEvidence, countVerifications, getClassEvidence, type VerificationCount } from '../../db/views/case.ts';
import { listMaterials } from '../../db/views/classes/materials.ts';
import { getPolicyPack } from '../../db/catalogue/policy-packs.ts';
import { findGroup } from '../../workflows/domain/policy/groups.ts';
import { formatYuan } from '../../workflows/domain/money/money.ts';
import { materialRules, type PolicyPack, rule } from '../../workflows/domain/policy/policy.ts';
import { totalHours } from '../../workflows/domain/classes/timetable.ts';
import type { RosterLine } from '../../db/roster/roster.ts';
import { datesIn } from '../pages/dates.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';
import { loadCheckPoints } from '../corrections/review.ts';
import { materialView, type MaterialView } from '../materials/page.ts';
import type { EvidenceContext } from '../tasks/evidence.ts';

type Badge = { tone: '' | 'red' | 'amber' | 'green' | 'blue'; label: string };
/** One line of the checklist: `field` names it in the list of corrections. */
type Check = { field: string; title: string; sub: string; badges: Badge[]; found: string; source: string };

type Hit = { rule: string; passed: boolean; code?: string; params?: Record<string, string | number>; source?: string };
type Verdict = { eligible: boolean; hits: Hit[] };
type Trace = {
  formula?: string;
  standardFen?: number;
  percent?: number;
  lines?: { code: string; source: string; sourced: boolean; article?: string }[];
};

export async function loadClassEvidence({ db, actor, task, procedure, t, words, locale }: EvidenceContext) {
  const classId = procedure.class_id ?? '';
  const [evidence, verifications, attached, marksOf] = await Promise.all([
    getClassEvidence(db, classId),
    countVerifications(db, classId),
    listMaterials(db, classId, actor.userId),
    loadCheckPoints({ db, actor, task, procedure, t, words, locale }),
  ]);
  const pack = await getPolicyPack(db, evidence.pack_id);
  const { roster: lines, ...about } = evidence;
  const roster = lines.map((line) => rosterView(line, t, locale));
  const materials = attached.map((line) => materialView(line, t));
  const checks = checklist({ evidence, verifications, roster, materials, pack }, { t, words, locale }).map((check) => ({
    ...check,
    ...marksOf(check.field),
    shortSource: shorten(check.source),
    tone: ['red', 'amber'].find((tone) => check.badges.some((badge) => badge.tone === tone)),
  }));
  return {
    class: about,
    level: evidence.level === null ? undefined : t(`tasks.evidence.level.${evidence.level}`),
    scope: evidence.licence_scope.join(t('common.listSeparator')),
    checks,
    // The column of the officers' marks stands also where nobody marks any more.
    seen: checks.some(({ seen }) => seen.length > 0),
    sessions: evidence.sessions.map((session) => ({
      ...session,
      day: datesIn(locale).shortDate(session.day),
      half: t(`tasks.evidence.half.${session.half}`),
      kind: t(`tasks.evidence.sessionKind.${session.kind}`),
      clash: clashText(session, t),
    })),
    teachers: evidence.teachers.map((teacher) => ({ ...teacher, outside: !teacher.occupations.includes(evidence.occupation) })),
    roster,
    materials: materials.filter((material) => !material.removed),
    formerMaterials: materials.filter((material) => material.removed),
    eligible: roster.filter((line) => line.eligible).length,
    unsourced: roster.some((line) => line.unsourced),
    sources: [...new Set(roster.map((line) => line.source).filter(Boolean))],
    totalFen: roster.filter((line) => line.status === 'enrolled').reduce((sum, line) => sum + (line.amountFen ?? 0), 0),
    purposes: ['identity', 'register', 'report'].map((key) => t(`tasks.reveal.purposes.${key}`)),
  };
}

const SOURCE_SHOWN = 42;

function shorten(source: string): string {
  return source.length > SOURCE_SHOWN ? `${source.slice(0, SOURCE_SHOWN)}…` : source;
}

function clashText(session: ClassEvidence['sessions'][number], t: Translate): string | undefined {
  if (session.teacher_clash) return t('tasks.evidence.teacherClash', { number: session.teacher_clash });
  return session.venue_clash ? t('tasks.evidence.venueClash', { number: session.venue_clash }) : undefined;
}

function rosterView(line: RosterLine, t: Translate, locale: Locale) {
  const verdict = line.eligibility as Verdict | null;
  const trace = line.amount_trace as Trace | null;
  const group = findGroup(line.group_code);
  const basis = trace?.lines?.[0];
  return {
    id: line.id,
    seat: line.seat,
    name: line.name,
    idMasked: line.id_masked,
    phone: line.phone_masked,
    account: line.account_masked,
    bank: line.bank_name,
    group: group ? (locale === 'en' ? group.en : group.zh) : line.group_code,
    groupCode: line.group_code,
    status: line.status,
    eligible: verdict?.eligible ?? false,
    judged: verdict !== null,
    failures: (verdict?.hits ?? [])
      .filter((hit) => !hit.passed)
      .map((hit) => ({ rule: hit.rule, text: t(`errors.${hit.code ?? 'invalid'}`, hit.params), source: hit.source ?? '' })),
    amountFen: line.amount_fen,
    formula: trace?.formula ?? '',
    /** Whether the formula says more than the amount. */
    calculated: trace?.percent !== undefined && trace.percent !== 100,
    standardFen: trace?.standardFen,
    percent: trace?.percent,
    source: basis ? [basis.source, basis.article].filter(Boolean).join(' ') : '',
    unsourced: (trace?.lines ?? []).some((part) => !part.sourced),
  };
}

type RosterView = ReturnType<typeof rosterView>;
type Speech = { t: Translate; words: Words; locale: Locale };

type Seen = {
  evidence: ClassEvidence;
  verifications: VerificationCount[];
  roster: RosterView[];
  materials: MaterialView[];
  pack: PolicyPack;
};

function checklist({ evidence, verifications, roster, materials, pack }: Seen, speech: Speech): Check[] {
  const { t } = speech;
  const enrolled = roster.filter((line) => line.status === 'enrolled');
  return [
    planCheck(evidence, t),
    datesCheck(evidence, speech),
    registerCheck('identity', enrolled.length, verifications, speech),
    eligibilityCheck(enrolled, pack, t),
    groupCheck(enrolled, verifications, t),
    teacherCheck(evidence, t),
    venueCheck(evidence, enrolled.length, t),
    assessorCheck(evidence, t),
    hoursCheck(evidence, pack, t),
    scopeCheck(evidence, t),
    amountCheck(enrolled, pack, t),
    materialCheck(
      materials.filter((material) => !material.removed),
      pack,
      t,
    ),
  ];
}

/** What no register and no rule can judge: the officer reads it. */
function planCheck(evidence: ClassEvidence, t: Translate): Check {
  return { field: 'plan', title: t('tasks.checks.plan'), sub: evidence.title, badges: [], found: shorten(evidence.plan), source: '' };
}

function datesCheck(evidence: ClassEvidence, { t, locale }: Speech): Check {
  const date = datesIn(locale).date;
  const sub = `${date(evidence.start_date)} – ${date(evidence.end_date)}`;
  return { field: 'dates', title: t('tasks.checks.dates'), sub, badges: [], found: '', source: '' };
}

function assessorCheck(evidence: ClassEvidence, t: Translate): Check {
  return { field: 'assessor', title: t('tasks.checks.assessor'), sub: evidence.assessor ?? '—', badges: [], found: '', source: '' };
}

const registerTones: Record<string, Badge['tone']> = { yes: 'green', no: 'red', contradictory: 'red', none: 'amber', settled: '' };

/** How a register answered: no answer is shown as waiting and never counts as yes. */
function registerBadges(
  register: string,
  headcount: number,
  verifications: VerificationCount[],
  t: Translate,
): { badges: Badge[]; latest: Date | null } {
  const own = verifications.filter((row) => row.register === register);
  const badges = Object.keys(registerTones)
    .map((result) => ({ result, count: own.filter((row) => row.result === result).reduce((sum, row) => sum + row.count, 0) }))
    .filter(({ count }) => count > 0)
    .map(
      ({ result, count }): Badge => ({ tone: registerTones[result] ?? '', label: t(`tasks.evidence.register.${result}`, { n: count }) }),
    );
  const asked = own.reduce((sum, row) => sum + row.count, 0);
  if (asked < headcount) badges.push({ tone: 'amber', label: t('tasks.evidence.register.unasked', { n: headcount - asked }) });
  const latest = own.map((row) => row.latest).reduce<Date | null>((a, b) => (a && b ? (a > b ? a : b) : (a ?? b)), null);
  return { badges, latest };
}

function registerCheck(register: string, headcount: number, verifications: VerificationCount[], { t, locale }: Speech): Check {
  const { badges, latest } = registerBadges(register, headcount, verifications, t);
  const at = datesIn(locale).dateTime(latest);
  return {
    field: register,
    title: t(`tasks.checks.${register}`),
    sub: t('tasks.checks.people', { n: headcount }),
    badges,
    found: '',
    source: [t(`tasks.evidence.registerName.${register}`), at].filter(Boolean).join(' '),
  };
}

function eligibilityCheck(enrolled: RosterView[], pack: PolicyPack, t: Translate): Check {
  const refused = enrolled.filter((line) => !line.eligible);
  const quota = rule(pack, 'quota');
  return {
    field: 'eligibility',
    title: t('tasks.checks.eligibility'),
    sub: t('tasks.checks.quota', { max: quota.perPersonYear }),
    badges: [
      ...(enrolled.length > refused.length
        ? [{ tone: 'green' as const, label: t('tasks.evidence.eligible', { n: enrolled.length - refused.length }) }]
        : []),
      ...(refused.length > 0 ? [{ tone: 'red' as const, label: t('tasks.evidence.ineligible', { n: refused.length }) }] : []),
    ],
    found: refused
      .slice(0, 3)
      .map((line) => `${line.name}：${line.failures.map((failure) => failure.text).join('；') || t('tasks.evidence.notJudged')}`)
      .join('　'),
    source: pack.values.quota.source,
  };
}

function groupCheck(enrolled: RosterView[], verifications: VerificationCount[], t: Translate): Check {
  const counts = new Map<string, number>();
  for (const line of enrolled) counts.set(line.group, (counts.get(line.group) ?? 0) + 1);
  const missing = enrolled.filter((line) => line.failures.some((failure) => failure.rule === 'group'));
  const insurance = registerBadges('insurance', 0, verifications, t);
  return {
    field: 'group',
    title: t('tasks.checks.group'),
    sub: [...counts].map(([group, count]) => `${group} ${count}`).join(t('common.listSeparator')),
    badges: [
      missing.length > 0
        ? { tone: 'amber', label: t('tasks.evidence.groupMissing', { n: missing.length }) }
        : { tone: 'green', label: t('tasks.evidence.groupShown') },
      ...insurance.badges,
    ],
    found: missing
      .slice(0, 3)
      .map((line) => line.name)
      .join(t('common.listSeparator')),
    source: insurance.badges.length > 0 ? t('tasks.evidence.registerName.insurance') : '',
  };
}

function teacherCheck(evidence: ClassEvidence, t: Translate): Check {
  const clashes = evidence.sessions.filter((session) => session.teacher_clash);
  const outside = evidence.teachers.filter((teacher) => !teacher.occupations.includes(evidence.occupation));
  return {
    field: 'teachers',
    title: t('tasks.checks.teachers'),
    sub: evidence.teachers.map((teacher) => teacher.name).join(t('common.listSeparator')),
    badges: [
      clashes.length > 0
        ? { tone: 'red', label: t('tasks.evidence.clashes', { n: clashes.length }) }
        : { tone: 'green', label: t('tasks.evidence.noClash') },
      ...(outside.length > 0 ? [{ tone: 'amber' as const, label: t('tasks.evidence.outsideOccupation', { n: outside.length }) }] : []),
    ],
    found: clashes
      .slice(0, 3)
      .map((session) =>
        t('tasks.evidence.clashLine', {
          name: session.teacher,
          day: session.day,
          half: t(`tasks.evidence.half.${session.half}`),
          number: session.teacher_clash,
        }),
      )
      .join('　'),
    source: t('tasks.evidence.source.timetables'),
  };
}

function venueCheck(evidence: ClassEvidence, headcount: number, t: Translate): Check {
  const clashes = evidence.sessions.filter((session) => session.venue_clash).length;
  const small = evidence.capacity !== null && evidence.capacity < headcount;
  return {
    field: 'venue',
    title: t('tasks.checks.venue'),
    sub: [evidence.venue, evidence.equipment].filter(Boolean).join(t('common.listSeparator')),
    badges: [
      small
        ? { tone: 'red', label: t('tasks.evidence.tooSmall', { capacity: evidence.capacity }) }
        : { tone: 'green', label: t('tasks.evidence.largeEnough', { capacity: evidence.capacity ?? 0 }) },
      ...(clashes > 0 ? [{ tone: 'red' as const, label: t('tasks.evidence.clashes', { n: clashes }) }] : []),
    ],
    found: evidence.venue_address ?? '',
    source: t('tasks.evidence.source.venues'),
  };
}

function hoursCheck(evidence: ClassEvidence, pack: PolicyPack, t: Translate): Check {
  const hours = totalHours(evidence.sessions);
  const share = (part: number): number => (hours.total === 0 ? 0 : Math.floor((part * 100) / hours.total));
  const least = Math.max(
    evidence.hours_min,
    rule(pack, evidence.kind === 'certificate' ? 'hours.certificateMin' : 'hours.singleAbilityMin'),
  );
  const theoryMin = rule(pack, 'hours.theoryMinPercent');
  const practiceMin = rule(pack, 'hours.practiceMinPercent');
  const met = hours.total >= least && hours.theory * 100 >= theoryMin * hours.total && hours.practice * 100 >= practiceMin * hours.total;
  return {
    field: 'hours',
    title: t('tasks.checks.hours'),
    sub: t('tasks.checks.hoursSub', { total: hours.total, theory: share(hours.theory), practice: share(hours.practice) }),
    badges: [met ? { tone: 'green', label: t('tasks.evidence.met') } : { tone: 'red', label: t('tasks.evidence.notMet') }],
    found: t('tasks.evidence.hoursRule', { least, theory: theoryMin, practice: practiceMin }),
    source: pack.values['hours.theoryMinPercent'].source,
  };
}

function scopeCheck(evidence: ClassEvidence, t: Translate): Check {
  const inside = evidence.licence_scope.includes(evidence.occupation);
  return {
    field: 'scope',
    title: t('tasks.checks.scope'),
    sub: evidence.institution,
    badges: [inside ? { tone: 'green', label: t('tasks.evidence.inScope') } : { tone: 'red', label: t('tasks.evidence.outOfScope') }],
    found: evidence.licence_scope.join(t('common.listSeparator')),
    source: t('tasks.evidence.source.institutions'),
  };
}

function amountCheck(enrolled: RosterView[], pack: PolicyPack, t: Translate): Check {
  const formulas = new Map<string, { count: number; source: string; unsourced: boolean }>();
  for (const line of enrolled) {
    const known = formulas.get(line.formula);
    formulas.set(line.formula, { count: (known?.count ?? 0) + 1, source: line.source, unsourced: line.unsourced });
  }
  const total = enrolled.reduce((sum, line) => sum + (line.amountFen ?? 0), 0);
  const unsourced = [...formulas.values()].some((entry) => entry.unsourced);
  return {
    field: 'amount',
    title: t('tasks.checks.amount'),
    sub: t('tasks.checks.amountSub', { amount: formatYuan(total), pack: pack.id }),
    badges: [unsourced ? { tone: 'amber', label: t('calculator.unsourced') } : { tone: 'green', label: t('tasks.evidence.sourced') }],
    found: [...formulas]
      .map(([formula, entry]) => t('tasks.evidence.formulaLine', { formula, count: entry.count, n: entry.count }))
      .join('　'),
    source: [...new Set([...formulas.values()].map((entry) => entry.source).filter(Boolean))].join('；'),
  };
}

/** What is attached, by kind; what the pack asks for and is not there; what the reader has not opened yet. */
function materialCheck(materials: MaterialView[], pack: PolicyPack, t: Translate): Check {
  const separator = t('common.listSeparator');
  const missing = materialRules(pack).filter(({ kind }) => !materials.some((material) => material.kind === kind));
  const required = missing.filter((entry) => entry.required);
  const unread = materials.filter((material) => !material.read).length;
  const kinds = [...new Set(materials.map((material) => material.kindLabel))];
  const named = (given: boolean) =>
    missing
      .filter((entry) => entry.required === given)
      .map(({ kind }) => t(`materials.kinds.${kind}`))
      .join(separator);
  return {
    field: 'materials',
    title: t('tasks.checks.materials'),
    sub: kinds.length > 0 ? kinds.join(separator) : t('materials.none'),
    badges: [
      ...(required.length > 0
        ? [{ tone: 'red' as const, label: t('materials.lackingCount', { count: required.length, n: required.length }) }]
        : []),
      ...(required.length === 0 ? [{ tone: 'green' as const, label: t('materials.complete') }] : []),
      ...(unread > 0 ? [{ tone: 'amber' as const, label: t('materials.unreadCount', { n: unread }) }] : []),
    ],
    found: [
      ...(required.length > 0 ? [t('materials.lacking', { kinds: named(true) })] : []),
      ...(missing.length > required.length ? [t('materials.notGiven', { kinds: named(false) })] : []),
    ].join('　'),
    source: pack.values['materials.preTraining']?.source ?? '',
  };
}
