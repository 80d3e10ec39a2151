/** From what the record says about the running procedures to checks in words: what is wrong, since when, what to do. */
import type { RepairLine } from '../../db/repairs.ts';
import type { Actor } from '../../db/accounts/users.ts';
import type { Failures, OperationsState, Question } from '../../db/views/operations.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import type { Translate, Words } from '../pages/i18n.ts';

const LATE_TURN_SECONDS = 120;
const IN_SERVICE_SECONDS = 120;

type CheckCode = Question | 'temporal' | 'reconciler' | 'schedule' | 'mailFailed' | 'smsFailed';
/** In the order of the page. A notice waits for somebody and is no fault. */
const order: readonly { code: CheckCode; severity: 'fault' | 'notice'; repairable?: true }[] = [
  { code: 'temporal', severity: 'fault' },
  { code: 'reconciler', severity: 'fault' },
  { code: 'schedule', severity: 'fault' },
  { code: 'runMissing', severity: 'fault', repairable: true },
  { code: 'runEnded', severity: 'fault', repairable: true },
  { code: 'runFailing', severity: 'fault', repairable: true },
  { code: 'runRetrying', severity: 'fault', repairable: true },
  { code: 'unapplied', severity: 'fault', repairable: true },
  { code: 'alarm', severity: 'fault', repairable: true },
  { code: 'noTask', severity: 'fault', repairable: true },
  { code: 'closedTask', severity: 'fault' },
  { code: 'outbox', severity: 'fault' },
  { code: 'mailFailed', severity: 'fault' },
  { code: 'smsFailed', severity: 'fault' },
  { code: 'provisional', severity: 'notice' },
];

type Item = {
  procedureId: string | null;
  number: string | null;
  title: string | null;
  type: string;
  seconds: number | null;
  detail: Record<string, string | number>;
  stage?: string;
  repairRequested?: boolean;
};
export type Check = {
  code: CheckCode;
  severity: 'fault' | 'notice';
  repairable: boolean;
  count: number;
  oldestSeconds: number | null;
  items: Item[];
};

export function checksOf(state: OperationsState): Check[] {
  return order.map(({ code, severity, repairable }) => ({ code, severity, repairable: repairable ?? false, ...answerTo(state, code) }));
}

function answerTo(state: OperationsState, code: CheckCode): Pick<Check, 'count' | 'oldestSeconds' | 'items'> {
  switch (code) {
    case 'temporal':
      return { count: state.temporalSilent === null ? 0 : 1, oldestSeconds: whole(state.temporalSilent), items: [] };
    case 'reconciler': {
      const late = state.reconcilerAge === null || state.reconcilerAge > LATE_TURN_SECONDS;
      return { count: late ? 1 : 0, oldestSeconds: late ? whole(state.reconcilerAge) : null, items: [] };
    }
    case 'schedule': {
      const found = state.scheduleFault;
      const seconds = whole(found?.age ?? null);
      const item = { procedureId: null, number: null, title: null, type: 'schedule', seconds };
      return { count: found ? 1 : 0, oldestSeconds: seconds, items: found ? [{ ...item, detail: { fault: found.fault } }] : [] };
    }
    case 'mailFailed':
      return failed(state.mails, 'mail');
    case 'smsFailed':
      return failed(state.sms, 'sms');
    default: {
      const { count, oldest, items } = state.answers[code];
      return {
        count,
        oldestSeconds: whole(oldest),
        items: items.map(({ age, ...item }) => ({ ...item, seconds: whole(age) })),
      };
    }
  }
}

function failed({ count, oldest, items }: Failures, type: 'mail' | 'sms'): Pick<Check, 'count' | 'oldestSeconds' | 'items'> {
  return {
    count,
    oldestSeconds: whole(oldest),
    items: items.map(({ template, number, title, age }) => ({
      procedureId: null,
      number,
      title,
      type,
      seconds: whole(age),
      detail: { template },
    })),
  };
}

function whole(seconds: number | null): number | null {
  return seconds === null ? null : Math.max(0, Math.round(seconds));
}

/** «3 分钟». */
export function ageWords(seconds: number | null, t: Translate): string {
  if (seconds === null) return '';
  if (seconds < 60) return t('operations.age.seconds');
  if (seconds < 3_600) return t('operations.age.minutes', { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t('operations.age.hours', { n: Math.floor(seconds / 3_600) });
  return t('operations.age.days', { n: Math.floor(seconds / 86_400) });
}

/** Where a system administrator goes on. */
const links: Partial<Record<CheckCode, { href: string; key: string }>> = {
  mailFailed: { href: '/admin/mails?state=failed', key: 'operations.openMails' },
  smsFailed: { href: '/admin/sms?state=undelivered', key: 'operations.openSms' },
  provisional: { href: '/admin/calendar', key: 'operations.openCalendar' },
};

/** What leads to a page of the system administrator is asked of that one by whoever has no such page. */
function adviceOn(code: CheckCode, asks: boolean, t: Translate): string {
  const what = t(`operations.checks.${code}.do`);
  return links[code] && !asks ? t('operations.askSystemAdmin', { what }) : what;
}

type Repairs = { waiting: RepairLine[]; decided: RepairLine[] };
type Parts = { state: OperationsState; repairs: Repairs; actor: Actor; t: Translate; words: Words };

export function operationsView({ state, repairs, actor, t, words }: Parts) {
  const checks = checksOf(state);
  const faults = checks.filter((check) => check.severity === 'fault' && check.count > 0);
  const asks = hasRole(actor, 'system_admin');
  const shown = checks.map((check) => ({
    ...check,
    name: t(`operations.checks.${check.code}.name`),
    whatToDo: adviceOn(check.code, asks, t),
    tone: check.count === 0 ? 'green' : check.severity === 'fault' ? 'red' : 'amber',
    state: t('operations.found', { n: check.count }),
    oldest: ageWords(check.oldestSeconds, t),
    link: asks ? links[check.code] : undefined,
    more: check.count - check.items.length,
    items: check.items.map((item) => itemView(item, check, asks, t, words)),
  }));
  return {
    inOrder: faults.length === 0,
    faultKinds: faults.length,
    faultCount: faults.reduce((sum, check) => sum + check.count, 0),
    lastTurn: lastTurnWords(state, t),
    tiles: tilesOf(state, checks, repairs.waiting.length, t),
    found: shown.filter((check) => check.count > 0),
    clear: shown.filter((check) => check.count === 0),
    lists: shown.filter((check) => check.items.length > 0),
    waiting: repairs.waiting.map((repair) => repairView(repair, actor)),
    decided: repairs.decided.map((repair) => repairView(repair, actor)),
    builds: buildsView(state, t),
  };
}

function lastTurnWords({ reconcilerAge, turnStartedBy }: OperationsState, t: Translate): string {
  if (reconcilerAge === null) return t('operations.neverTurned');
  const age = ageWords(Math.round(reconcilerAge), t);
  return turnStartedBy === null ? t('operations.ago', { age }) : t(`operations.agoBy.${turnStartedBy}`, { age });
}

function itemView(item: Item, check: Check, asks: boolean, t: Translate, words: Words) {
  const status = item.detail['status'];
  const stage = words.has(`tasks.stages.${item.stage}`) ? t(`tasks.stages.${item.stage}`) : '';
  // A procedure of another release may be of a type that has no words here.
  const type = words.has(`operations.types.${item.type}`) ? t(`operations.types.${item.type}`) : item.type;
  return {
    ...item,
    title: item.title ?? type,
    type,
    stage,
    since: ageWords(item.seconds, t),
    words: t(`operations.checks.${check.code}.detail`, {
      ...item.detail,
      ...(typeof status === 'string'
        ? { statusWords: words.has(`operations.runStatuses.${status}`) ? t(`operations.runStatuses.${status}`) : status }
        : {}),
      ...(item.type === 'schedule' ? { faultWords: t(`operations.scheduleFaults.${item.detail['fault']}`) } : {}),
      ...(item.type === 'mail' ? { template: t(`operations.templates.${item.detail['template']}`) } : {}),
      ...(item.type === 'sms' ? { template: t(`sms.templates.${item.detail['template']}`) } : {}),
    }),
    mayAsk: asks && check.repairable && item.repairRequested !== true,
    asked: check.repairable && item.repairRequested === true,
  };
}

function tilesOf(state: OperationsState, checks: Check[], waiting: number, t: Translate) {
  const sum = (...codes: CheckCode[]): number =>
    checks.filter((check) => codes.includes(check.code)).reduce((total, check) => total + check.count, 0);
  const red = (count: number): string => (count > 0 ? 'red' : '');
  const stuck = sum('runMissing', 'runEnded', 'runFailing', 'runRetrying');
  const behind = sum('unapplied', 'alarm', 'noTask', 'closedTask');
  return [
    {
      label: t('operations.tiles.bells'),
      value: String(state.outbox.waiting),
      tone: red(sum('outbox')),
      detail:
        state.outbox.waiting === 0
          ? t('operations.tiles.noBells')
          : t('operations.tiles.oldestBell', { age: ageWords(Math.round(state.outbox.oldestMs / 1_000), t) }),
    },
    { label: t('operations.tiles.runs'), value: String(stuck), tone: red(stuck), detail: t('operations.tiles.runsHint') },
    { label: t('operations.tiles.record'), value: String(behind), tone: red(behind), detail: t('operations.tiles.recordHint') },
    ...(['mailFailed', 'smsFailed'] as const).map((code) => ({
      label: t(`operations.tiles.${code}`),
      value: String(sum(code)),
      tone: red(sum(code)),
      detail: t('operations.tiles.failedHint'),
    })),
    {
      label: t('operations.tiles.repairs'),
      value: String(waiting),
      tone: waiting > 0 ? 'amber' : '',
      detail: t('operations.tiles.repairsHint'),
    },
  ];
}

/** Who asked may only take it back. */
function repairView(repair: RepairLine, actor: Actor) {
  const own = repair.requestedById === actor.userId;
  const decides = hasRole(actor, 'system_admin', 'security_admin');
  return { ...repair, mayConfirm: decides && !own, mayWithdraw: decides && own };
}

function inService(seenAgo: number | null): boolean {
  return seenAgo !== null && seenAgo < IN_SERVICE_SECONDS;
}

function buildsView(state: OperationsState, t: Translate) {
  return state.builds.map((build) => ({
    ...build,
    short: shortBuild(build.buildId),
    inService: inService(build.seenAgo),
    seen: build.seenAgo === null ? '' : ageWords(Math.round(build.seenAgo), t),
    more: build.classes - build.examples.length,
  }));
}

/** Of the digest that names a build its first twelve digits. */
function shortBuild(buildId: string): string {
  return (buildId.split('+').at(-1) ?? buildId).slice(0, 12);
}

export function operationsJson({ state, repairs, t }: Pick<Parts, 'state' | 'repairs' | 't'>) {
  const checks = checksOf(state);
  return {
    inOrder: checks.every((check) => check.severity === 'notice' || check.count === 0),
    outbox: { waiting: state.outbox.waiting, oldestSeconds: Math.round(state.outbox.oldestMs / 1_000) },
    reconciler: { lastTurnSeconds: whole(state.reconcilerAge), startedBy: state.turnStartedBy },
    checks: checks.map(({ repairable: _r, items, ...check }) => ({
      ...check,
      whatToDo: t(`operations.checks.${check.code}.do`),
      items: items.map(({ procedureId, number, title, type, seconds, detail }) => ({ procedureId, number, title, type, seconds, detail })),
    })),
    repairs: [...repairs.waiting, ...repairs.decided].map(
      ({ id, procedureId, number, kind, reason, status, requestedBy, requestedAt, decidedBy, decidedAt }) => ({
        id,
        procedureId,
        number,
        kind,
        reason,
        status,
        requestedBy,
        requestedAt: requestedAt.toISOString(),
        decidedBy,
        decidedAt: decidedAt?.toISOString() ?? null,
      }),
    ),
    builds: state.builds.map(({ buildId, procedures, classes, seenAgo, examples }) => ({
      buildId,
      inService: inService(seenAgo),
      procedures,
      classes,
      examples,
    })),
  };
}
