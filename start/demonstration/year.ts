/** `npm run demo -- --year`: lives through a year of classes and says whether all adds up. */
import { addDays, type Calendar, stateCouncilCalendar } from '../../workflows/domain/calendar/calendar.ts';
import { endedStatuses } from '../../workflows/domain/classes/class.ts';
import { type ClassPlan, planClasses, type Turn } from './class-plans.ts';
import { live } from './living.ts';
import { person } from './person.ts';
import type { RobotTask } from './performing.ts';

export type YearOptions = {
  origin: string;
  classes: number;
  /** Civil date on which the first class is entered; absent: the day that the business clock shows. */
  from?: string | undefined;
  /** Days over which the classes are entered; a class lives ten weeks. */
  spread?: number;
  /** What befalls the classes, in turn; absent: everything. */
  turns?: readonly Turn[];
  say?: (line: string) => void;
};

export type Totals = {
  classes: Record<string, number>;
  people: number;
  hours: number;
  money: Record<string, number>;
  ledger: Record<string, number>;
  deadlines: Record<string, number>;
  rungs: Record<string, number>;
  faults: Record<string, number>;
};
export type YearResult = { from: string; to: string; totals: Totals; wrong: string[] };

const SPREAD_DAYS = 355;

/** Lives through the year. Throws when the clock is past `from` already, for it goes forward only. */
export async function liveYear(options: YearOptions): Promise<YearResult> {
  const anybody = person(options.origin, 'public', '');
  const clock = async (): Promise<string> => shanghaiDay((await anybody.get<{ now: string }>('/clock')).body.now);
  const today = await clock();
  const from = options.from ?? today;
  if (from < today)
    throw new Error(`the business clock shows ${today} and goes forward only; begin a new one with SHIMING_DEMO_BEGIN=${from}`);
  const calendar = stateCouncilCalendar();
  const label = `〔${from}〕`;
  const { classes, origin, say = () => undefined } = options;
  const to = addDays(from, options.spread ?? SPREAD_DAYS);
  const plans = planClasses(calendar, { classes, from, to, label, seed: seedOf(from), turns: options.turns });
  await live({ origin, plans, calendar, patience: (plan, task) => patienceOf(plan, task), say });
  const { body: totals } = await anybody.get<Totals>(`/clock/totals?title=${encodeURIComponent(label)}`);
  return { from, to: await clock(), totals, wrong: findWrong(plans, totals, calendar) };
}

function shanghaiDay(now: string): string {
  return new Date(Date.parse(now) + 8 * 3_600_000).toISOString().slice(0, 10);
}

/** Other years are other people. */
function seedOf(from: string): number {
  return Math.floor(Date.parse(from) / 86_400_000) * 1_000;
}

/** Most is decided on the day; what is late is late by so much that the ladder is climbed. */
function patienceOf({ turn }: ClassPlan, task: RobotTask): number {
  if (turn === 'lateReview' && task.step === 'pre_training.first_review') return 5;
  if (turn === 'lateApproval' && task.step === 'approval.approval') return 9;
  return 0;
}

function findWrong(plans: readonly ClassPlan[], totals: Totals, calendar: Calendar): string[] {
  const wrong = Object.entries(totals.faults).flatMap(([name, count]) => (count === 0 ? [] : [`${name}: ${count}`]));
  const ended = ['paid', ...endedStatuses].reduce((sum, status) => sum + (totals.classes[status] ?? 0), 0);
  if (ended !== plans.length) wrong.push(`${plans.length} classes began, ${ended} ended`);
  for (const [turn, status] of [
    ['refused', 'refused'],
    ['withdrawn', 'withdrawn'],
  ] as const) {
    const planned = plans.filter((plan) => plan.turn === turn).length;
    if ((totals.classes[status] ?? 0) !== planned)
      wrong.push(`${planned} classes were to be ${status}, ${totals.classes[status] ?? 0} are`);
  }
  const late = plans.filter(({ turn }) => turn.startsWith('late')).length;
  if (late > 0 && !totals.rungs['overdue']) wrong.push(`${late} classes were left lying and nothing escalated`);
  const returns = plans.filter(({ turn }) => turn === 'bankReturn').length;
  if ((totals.money['returnedLines'] ?? 0) !== returns)
    wrong.push(`${returns} lines were to be returned, ${totals.money['returnedLines']} were`);
  if (totals.deadlines['counted'] === 0) wrong.push(`no deadline was counted by ${calendar.version}`);
  return wrong;
}

const yuan = (fen = 0): string => `¥${(fen / 100).toLocaleString('en', { minimumFractionDigits: 2 })}`;

/** The totals as lines of a table. */
export function totalsTable({ from, to, totals, wrong }: YearResult): string[] {
  const { money, ledger, deadlines } = totals;
  const rows: [string, string][] = [
    ['业务时间 business time', `${from} → ${to}`],
    ...Object.entries(totals.classes).map(([status, count]): [string, string] => [`班次 classes ${status}`, String(count)]),
    ['学员 people', String(totals.people)],
    ['课时 hours planned', String(totals.hours)],
    ['申请 claimed', yuan(money['claimedFen'])],
    ['审批 approved', yuan(money['approvedFen'])],
    ['已付 paid', yuan(money['paidFen'])],
    ['退票 returned by banks', `${yuan(money['returnedFen'])} · ${money['returnedLines'] ?? 0}`],
    ['全省预算 budget of the province', yuan(ledger['budgetFen'])],
    [
      '＝承诺＋在途＋已付＋可用 committed + in transit + paid + free',
      [ledger['committedFen'], ledger['inTransitFen'], ledger['paidFen'], ledger['availableFen']].map(yuan).join(' + '),
    ],
    ['期限 deadlines counted', `${deadlines['counted'] ?? 0}（${deadlines['provisional'] ?? 0} provisional）`],
    ['落在非工作日 on a non-working day', String(deadlines['onNonWorkingDay'] ?? 0)],
    ...Object.entries(totals.rungs).map(([rung, count]): [string, string] => [`督办阶梯 rung ${rung}`, String(count)]),
    ['结论 result', wrong.length === 0 ? '全部吻合 · everything adds up' : wrong.join('; ')],
  ];
  const width = Math.max(...rows.map(([name]) => columns(name)));
  return rows.map(([name, value]) => `  ${name}${' '.repeat(width - columns(name))}  ${value}`);
}

/** A Chinese character is two columns wide. */
function columns(text: string): number {
  return [...text].reduce((sum, sign) => sum + ((sign.codePointAt(0) ?? 0) > 0x2e80 ? 2 : 1), 0);
}
