/** What pages say: dates one way everywhere, words for every act of the record, the same keys in both languages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datesIn } from '../../../api/pages/dates.ts';
import { loadWords, type Locale } from '../../../api/pages/i18n.ts';
import { actCode, actWords, decidedLabel, outcomeLabel } from '../../../api/tasks/words.ts';
import { dueView } from '../../../api/tasks/due.ts';
import { stateCouncilCalendar } from '../../../workflows/domain/calendar/calendar.ts';
import { outcomesOfKind, taskKinds } from '../../../workflows/domain/task-kinds.ts';

const words = loadWords();
const zh = words.translator('zh-CN');
const en = words.translator('en');

/** Acts that no timeline of a procedure shows: sessions, the clock of the demonstration, the calendar. */
const elsewhere = /^(session|clock|calendar)\./;

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts') && !name.includes('migrations'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

function keysOf(value: unknown, prefix = ''): string[] {
  return value !== null && typeof value === 'object'
    ? Object.entries(value).flatMap(([key, inner]) => keysOf(inner, prefix ? `${prefix}.${key}` : key))
    : [prefix];
}

describe('words of pages', () => {
  test('[N4] every act that is written to the record has words in a timeline or in the audit log', () => {
    const acts = new Set(
      ['db', 'activities', 'api'].flatMap((folder) =>
        sources(folder).flatMap((text) => [...text.matchAll(/\bact: '([a-z_]+\.[a-z_]+)'/g)]),
      ),
    );
    const codes = [...new Set([...acts].map((match) => match[1] ?? ''))].filter((code) => !elsewhere.test(code));
    expect(codes.length).toBeGreaterThan(20);
    const silent = codes.filter((code) => {
      const key = code.replace('.', '_');
      return !['tasks', 'classes', 'audit'].some((noun) => words.has(`${noun}.acts.${key}`));
    });
    expect(silent).toEqual([]);
  });

  test('[N20] what a timeline has words for has words in the audit log too; releasing a batch is not putting a task back', () => {
    const inside = ['task_passed_on'];
    const { acts } = JSON.parse(readFileSync('templates/locales/en/tasks.json', 'utf8')) as { acts: Record<string, string> };
    const tasks = Object.keys(acts).filter((key) => /^(task|procedure|order|objection|batch)_/.test(key));
    expect(tasks.length).toBeGreaterThan(30);
    expect(tasks.filter((key) => !inside.includes(key) && !words.has(`audit.acts.${key}`))).toEqual([]);
    expect(actCode({ act: 'task.release', detail: { outcome: 'release' } })).toBe('task_release_batch');
    expect(actCode({ act: 'task.release', detail: {} })).toBe('task_release');
    expect(actCode({ act: 'task.back_to_2', detail: {} })).toBe('task_back');
  });

  test('what was decided is told as done, what can be decided as an act', () => {
    expect([outcomeLabel(words, en, 'review', 'approve'), decidedLabel(words, en, 'review', 'approve')]).toEqual(['Approve', 'Approved']);
    expect(decidedLabel(words, en, 'change_review', 'refuse')).toBe('Change refused');
    expect(decidedLabel(words, en, 'inspection', 'in_order')).toBe('In order');
    expect(decidedLabel(words, zh, 'funds', 'confirm')).toBe('已确认用款');
  });

  test('every kind of task and each of its outcomes have words', () => {
    const silent = taskKinds.flatMap((kind) => [
      ...(words.has(`tasks.kinds.${kind}`) ? [] : [kind]),
      ...outcomesOfKind(kind).filter((outcome) => outcomeLabel(words, en, kind, outcome) === outcome),
    ]);
    expect(silent).toEqual([]);
  });

  test('every refusal and every finding about a field has words', () => {
    const thrown = /new \w+Error\(\s*'([a-zA-Z.]+)'|inputError\([^,()]+,\s*'([a-zA-Z.]+)'|\bcode: '([a-zA-Z]+\.[a-zA-Z.]+)'/g;
    const codes = ['api', 'db', 'activities', 'workflows/domain']
      .flatMap((folder) => sources(folder).flatMap((text) => [...text.matchAll(thrown)]))
      .flatMap((match) => match[1] ?? match[2] ?? match[3] ?? []);
    expect(new Set(codes).size).toBeGreaterThan(200);
    expect(codes.filter((code) => !words.has(`errors.${code}`) && !words.has(`errors.${code}_other`))).toEqual([]);
  });

  test('both languages have the same keys', () => {
    const keys = (locale: Locale): string[] =>
      readdirSync(join('templates/locales', locale))
        .flatMap((file) => keysOf(JSON.parse(readFileSync(join('templates/locales', locale, file), 'utf8'))).map((key) => `${file} ${key}`))
        // Chinese has one form where English has two.
        .map((key) => key.replace(/_(one|other)$/, ''))
        .filter((key, at, all) => all.indexOf(key) === at)
        .sort();
    expect(keys('en')).toEqual(keys('zh-CN'));
  });

  test('dates carry the weekday, times the day, and the year only where it is another one', () => {
    const year = new Date().getFullYear();
    const monday = '2024-12-02';
    expect(datesIn('zh-CN').date(monday)).toBe('2024年12月2日（周一）');
    expect(datesIn('en').date(monday)).toBe('Mon 2 Dec 2024');
    expect(datesIn('zh-CN').dateTime('2024-12-01T16:05:00Z')).toBe('2024年12月2日 00:05');
    expect(datesIn('zh-CN').dateTime(new Date(`${year}-06-02T01:02:00Z`))).toBe('6月2日 09:02');
    expect(datesIn('en').dateTime(new Date(`${year}-06-02T01:02:00Z`))).toBe('2 Jun 09:02');
    expect(datesIn('en').date('no date')).toBe('');
    expect(zh('classes.period', { from: monday, to: '2024-12-03' })).toBe('2024年12月2日（周一）至 2024年12月3日（周二）');
    expect(en('classes.period', { from: monday, to: '2024-12-03' })).toBe('Mon 2 Dec 2024 – Tue 3 Dec 2024');
  });

  test('[F03] on the day of receipt, which does not count, a deadline shows its date instead of day 0', () => {
    const calendar = stateCouncilCalendar();
    const at = (now: string) => ({ now: new Date(now), today: now.slice(0, 10), calendar, calendars: { of: () => calendar } });
    const task = {
      office: '350104',
      from_date: '2026-03-02',
      working_days: 5,
      days_used: 0,
      due_date: '2026-03-09',
      due_at: new Date('2026-03-09T16:00:00Z'),
    };
    const first = dueView({ ...task, provisional: false }, at('2026-03-02T09:00:00+08:00'), zh);
    expect(first).toMatchObject({ words: '剩 5 个工作日', detail: '', dueDate: '2026-03-09' });
    const second = dueView({ ...task, provisional: false }, at('2026-03-04T09:00:00+08:00'), zh);
    expect(second).toMatchObject({ words: '剩 3 个工作日', detail: '第 2/5 个工作日', dueDate: undefined });
  });

  test('[N18] the timeline says which register answered what', () => {
    const line = { act: 'verification.answered', subject: 'class-1', detail: { 'identity.yes': 11, 'identity.no': 1 } };
    expect(actWords(line, en, words)).toBe('Registers answered. Identity: agrees 11, Identity: differs 1');
    expect(actWords({ ...line, act: 'procedure.close' }, zh, words)).toBe('班次办结');
  });
});
