import chineseDays from 'chinese-days';

/**
 * Statutory working-day arithmetic on civil dates ('YYYY-MM-DD', Asia/Shanghai). Day one of a period is the working day
 * after the act; a period ends at 24:00 of its last working day.
 */
export type Calendar = {
  /** Names what went in, so that a stored deadline says by which calendar it was computed. */
  version: string;
  /** Dates off by a notice or a local closure. */
  off: ReadonlySet<string>;
  /** Weekend days worked (调休) and holidays worked by local order. */
  work: ReadonlySet<string>;
  /** Years whose official notice is loaded; every other year counts provisionally. */
  years: ReadonlySet<number>;
};

/** A day that an official notice names, off or worked. */
export type NoticeDay = { date: string; kind: 'off' | 'work' };

/** The offices of a region and of every region below it are closed (typhoon, flood, move), or work, from the first day to the last. */
export type LocalClosure = { region: string; firstDay: string; lastDay: string; kind: 'off' | 'work' };

export type Deadline = { due: string; provisional: boolean };

const DAY_MS = 86_400_000;
const SHANGHAI_OFFSET_MS = 8 * 3_600_000;
const OPENING_HOUR_MS = 9 * 3_600_000;

/** The years of State Council notices that the package `chinese-days` holds and the tests check day by day. */
export const builtInYears: readonly number[] = [2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026];

/** True for an existing date written 'YYYY-MM-DD'. */
export function isCivilDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && isoDate(Date.parse(`${text}T00:00:00Z`)) === text;
}

export function addDays(date: string, days: number): string {
  return isoDate(midnightUtc(date) + days * DAY_MS);
}

/** Same day of the month `months` later; the month's last day where there is no such day (Civil Code art. 202). */
export function addMonths(date: string, months: number): string {
  const start = new Date(midnightUtc(date));
  const first = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months, 1);
  const lastDay = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months + 1, 0)).getUTCDate();
  return isoDate(first + (Math.min(start.getUTCDate(), lastDay) - 1) * DAY_MS);
}

/** Calendar days from `a` to `b`; negative when `b` is earlier. */
export function daysBetween(a: string, b: string): number {
  return Math.round((midnightUtc(b) - midnightUtc(a)) / DAY_MS);
}

/** 0 = Sunday … 6 = Saturday. */
export function weekday(date: string): number {
  return new Date(midnightUtc(date)).getUTCDay();
}

/**
 * The State Council calendar of the built-in years with the days of later notices on top. `loadedYears` are the further years whose
 * notice the administrator has entered.
 */
export function stateCouncilCalendar(closures: readonly NoticeDay[] = [], loadedYears: readonly number[] = []): Calendar {
  const off = new Set<string>();
  const work = new Set<string>();
  for (const date of officialDays().off) off.add(date);
  for (const date of officialDays().work) work.add(date);
  for (const closure of closures) {
    midnightUtc(closure.date);
    (closure.kind === 'off' ? off : work).add(closure.date);
    (closure.kind === 'off' ? work : off).delete(closure.date);
  }
  const years = new Set([...builtInYears, ...loadedYears]);
  return { version: versionOf(closures, years), off, work, years };
}

/**
 * The calendar of a region: that of the whole country with the closures that hold there, given from the root of the tree down, so that the nearer
 * region has the last word about a day. Its version names the nearest region with a closure and what is closed.
 */
export function localCalendar(country: Calendar, closures: readonly LocalClosure[]): Calendar {
  const nearest = closures.at(-1);
  if (!nearest) return country;
  const off = new Set(country.off);
  const work = new Set(country.work);
  for (const { firstDay, lastDay, kind } of closures) {
    midnightUtc(firstDay);
    for (let date = firstDay; date <= lastDay; date = addDays(date, 1)) {
      (kind === 'off' ? off : work).add(date);
      (kind === 'off' ? work : off).delete(date);
    }
  }
  const lines = closures.map(({ region, firstDay, lastDay, kind }) => `${region}${firstDay}${lastDay}${kind}`);
  return { version: `${country.version}@${nearest.region}+${digest(lines)}`, off, work, years: country.years };
}

/** Whether the official notice of the date's year is loaded. */
export function isOfficial(calendar: Calendar, date: string): boolean {
  return calendar.years.has(Number(date.slice(0, 4)));
}

export function isWorkingDay(calendar: Calendar, date: string): boolean {
  if (calendar.off.has(date)) return false;
  if (calendar.work.has(date)) return true;
  const day = weekday(date);
  if (day === 0 || day === 6) return false;
  return isOfficial(calendar, date) || !statutoryDays(Number(date.slice(0, 4))).has(date);
}

export function nextWorkingDay(calendar: Calendar, date: string): string {
  let next = addDays(date, 1);
  while (!isWorkingDay(calendar, next)) next = addDays(next, 1);
  return next;
}

export function previousWorkingDay(calendar: Calendar, date: string): string {
  let previous = addDays(date, -1);
  while (!isWorkingDay(calendar, previous)) previous = addDays(previous, -1);
  return previous;
}

/** `date` itself if it is a working day, else the next one. */
export function onOrNextWorkingDay(calendar: Calendar, date: string): string {
  return isWorkingDay(calendar, date) ? date : nextWorkingDay(calendar, date);
}

/**
 * The n-th working day after `from`; n = 0 gives `from` or the next working day. `provisional` when a counted day lies in a
 * year without official notice: such a deadline is computed again when the notice is loaded.
 */
export function deadline(calendar: Calendar, period: { from: string; workingDays: number }): Deadline {
  const { from, workingDays } = period;
  if (!Number.isSafeInteger(workingDays) || workingDays < 0) throw new RangeError(`working days: ${workingDays}`);
  let due = from;
  for (let n = 0; n < workingDays; n += 1) due = nextWorkingDay(calendar, due);
  due = onOrNextWorkingDay(calendar, due);
  let provisional = false;
  for (let year = Number(addDays(from, 1).slice(0, 4)); year <= Number(due.slice(0, 4)); year += 1) {
    if (!calendar.years.has(year)) provisional = true;
  }
  return { due, provisional };
}

/** The last day on which something may happen so that at least `workingDays` full working days lie before `date`. */
export function latestBefore(calendar: Calendar, date: string, workingDays: number): string {
  let latest = date;
  for (let n = 0; n < workingDays; n += 1) latest = previousWorkingDay(calendar, latest);
  return latest;
}

const spans = new WeakMap<Calendar, Map<string, number>>();
const SPANS_KEPT = 5_000;

/** Working days after `a` up to and including `b`; negative when `b` is earlier. Kept per calendar: the rows of a list ask for the same few spans. */
export function workingDaysBetween(calendar: Calendar, a: string, b: string): number {
  if (b < a) return -workingDaysBetween(calendar, b, a);
  let known = spans.get(calendar);
  if (!known || known.size > SPANS_KEPT) {
    known = new Map();
    spans.set(calendar, known);
  }
  const key = `${a}/${b}`;
  let count = known.get(key);
  if (count === undefined) {
    count = 0;
    for (let date = addDays(a, 1); date <= b; date = addDays(date, 1)) if (isWorkingDay(calendar, date)) count += 1;
    known.set(key, count);
  }
  return count;
}

/** The n of "第 n/m 个工作日": 0 on the day of the act and until the first working day after it. */
export function workingDayNumber(calendar: Calendar, from: string, today: string): number {
  return Math.max(0, workingDaysBetween(calendar, from, today));
}

/** The civil date in Asia/Shanghai of an instant. */
export function shanghaiDate(instant: Date): string {
  return isoDate(instant.getTime() + SHANGHAI_OFFSET_MS);
}

/** 24:00 Asia/Shanghai of a civil date: the instant at which a period ending on it is over. */
export function endOfDay(date: string): Date {
  return new Date(midnightUtc(date) + DAY_MS - SHANGHAI_OFFSET_MS);
}

/** 09:00 Asia/Shanghai: when reminders and rungs of the escalation ladder fire. */
export function openingTime(date: string): Date {
  return new Date(midnightUtc(date) + OPENING_HOUR_MS - SHANGHAI_OFFSET_MS);
}

/** 00:00 Asia/Shanghai of a civil date. */
export function startOfDay(date: string): Date {
  return new Date(midnightUtc(date) - SHANGHAI_OFFSET_MS);
}

const statutoryCache = new Map<number, ReadonlySet<string>>();

// 春节 (first day of the first month), 清明, 端午, 中秋; the package's own conversions depend on the machine's time zone.
const movableFestivals: Readonly<Record<number, readonly [string, string, string, string]>> = {
  2027: ['02-06', '04-05', '06-09', '09-15'],
  2028: ['01-26', '04-04', '05-28', '10-03'],
  2029: ['02-13', '04-04', '06-16', '09-22'],
  2030: ['02-03', '04-05', '06-05', '09-12'],
  2031: ['01-23', '04-05', '06-24', '10-01'],
  2032: ['02-11', '04-04', '06-12', '09-19'],
  2033: ['01-31', '04-04', '06-01', '09-08'],
  2034: ['02-19', '04-05', '06-20', '09-27'],
  2035: ['02-08', '04-05', '06-10', '09-16'],
  2036: ['01-28', '04-04', '05-30', '10-04'],
};

/**
 * The 13 public holidays of a year by the 2025 regulation on festivals (国务院令第795号), without bridging and make-up days:
 * what a year counts by until its notice is out.
 */
export function statutoryDays(year: number): ReadonlySet<string> {
  const cached = statutoryCache.get(year);
  if (cached) return cached;
  const [spring, ...others] = movableFestivals[year] ?? [];
  const days = new Set(['01-01', '05-01', '05-02', '10-01', '10-02', '10-03', ...others].map((day) => `${year}-${day}`));
  if (spring) for (const offset of [-1, 0, 1, 2]) days.add(addDays(`${year}-${spring}`, offset));
  statutoryCache.set(year, days);
  return days;
}

let official: { off: string[]; work: string[] } | undefined;

/** The days that the notices of the built-in years name, read once. */
function officialDays(): { off: string[]; work: string[] } {
  if (official) return official;
  const off: string[] = [];
  const work: string[] = [];
  for (const year of builtInYears) {
    for (let date = `${year}-01-01`; date.startsWith(String(year)); date = addDays(date, 1)) {
      // A day of a notice is named 'New Year's Day,元旦,1', any other by its weekday, and that weekday is wrong where the
      // machine's clock is west of Greenwich: so only the days of notices are taken from the package.
      const { name, work: working } = chineseDays.getDayDetail(date);
      if (!name.includes(',')) continue;
      (working ? work : off).push(date);
    }
  }
  official = { off, work };
  return official;
}

function versionOf(closures: readonly NoticeDay[], years: ReadonlySet<number>): string {
  const span = [...years].sort((a, b) => a - b);
  const base = `cn-${span.at(0)}-${span.at(-1)}`;
  if (closures.length === 0) return base;
  return `${base}+${digest(closures.map((closure) => `${closure.date}${closure.kind}`).sort())}`;
}

function digest(lines: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const char of lines.join()) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

function midnightUtc(date: string): number {
  if (!isCivilDate(date)) throw new RangeError(`not a date: ${date}`);
  return Date.parse(`${date}T00:00:00Z`);
}

function isoDate(ms: number): string {
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString().slice(0, 10);
}
